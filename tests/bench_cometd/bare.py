"""The floor: an ASGI application that answers with set phrases and keeps no promise at all."""

import asyncio
import json
import os
import socket
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

import uvicorn
import uvloop

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_SESSION: Final = b'[{"channel":"/meta/handshake","successful":true,"clientId":"x"}]'
_DONE: Final = b'[{"channel":"/meta/connect","successful":true}]'
_EVENT: Final = '{{"channel":"/v2/me/interactions","data":{}}}'
_WAITING: dict[str, "asyncio.Queue[str]"] = {}


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve a socket, or a request."""
    agent = next(value for name, value in scope["headers"] if name == b"authorization").decode()
    events = _WAITING.setdefault(agent.rpartition("-")[2], asyncio.Queue())
    if scope["type"] == "websocket":
        await _serve_socket(receive, send, events)
    else:
        await _serve_request(receive, send, events)


async def _serve_socket(receive: Receive, send: Send, events: "asyncio.Queue[str]") -> None:
    await receive()
    await send({"type": "websocket.accept"})
    writer = asyncio.create_task(_write(send, events))
    while (incoming := await receive())["type"] == "websocket.receive":
        if (answer := _answer(incoming["text"].encode())) is not None:
            await send({"type": "websocket.send", "text": answer.decode()})
    writer.cancel()


async def _write(send: Send, events: "asyncio.Queue[str]") -> None:
    while True:
        await send({"type": "websocket.send", "text": f"[{await events.get()}]"})


async def _serve_request(receive: Receive, send: Send, events: "asyncio.Queue[str]") -> None:
    body = _answer((await receive())["body"])
    if body is None:
        body = f"[{await events.get()},".encode() + _DONE[1:]
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": body})


def _answer(request: bytes) -> bytes | None:
    """Return the immediate answer; None for a connect that waits."""
    if b"/meta/handshake" in request:
        return _SESSION
    return None if b"/meta/connect" in request and b"advice" not in request else _DONE


async def _publish() -> None:
    lines = asyncio.StreamReader(limit=2**24)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async for line in lines:
        order = json.loads(line)
        text = _EVENT.format(json.dumps(order["data"], separators=(",", ":")))
        for queue in _WAITING.values() if order["agent"] == "*" else [_WAITING[order["agent"]]]:
            queue.put_nowait(text)
        await asyncio.sleep(0)


async def _serve() -> None:
    listener = socket.create_server(("127.0.0.1", int(os.environ.get("PORT", "0"))), backlog=4096)
    sys.stdout.write(f"http://127.0.0.1:{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    config = uvicorn.Config(
        application,
        http="httptools",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        log_level="warning",
        access_log=False,
        lifespan="off",
    )
    server = uvicorn.Server(config)
    publishing = asyncio.create_task(_publish())
    await server.serve(sockets=[listener])
    publishing.cancel()


if __name__ == "__main__":
    uvloop.run(_serve())
