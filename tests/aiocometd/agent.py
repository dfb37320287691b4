"""aiocometd-ng as a child process: orders come as JSON lines on standard input, all that happens
goes out as JSON lines on standard output.
"""

import asyncio
import base64
import json
import sys
from collections.abc import AsyncIterator
from typing import Any

from aiocometd_ng.client import Client
from aiocometd_ng.constants import ConnectionType
from aiocometd_ng.exceptions import ServerError
from aiocometd_ng.extensions import AuthExtension, Extension

_LONGEST_LINE = 2**24


def say(**what: object) -> None:
    print(json.dumps(what), flush=True)


class Basic(AuthExtension):
    """Sends user and password with every request."""

    def __init__(self, user: str, password: str) -> None:
        credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._header = f"Basic {credentials}"

    async def authenticate(self) -> None:
        """Nothing has to be fetched."""

    async def outgoing(self, payload: Any, headers: Any) -> None:
        del payload
        headers["Authorization"] = self._header

    async def incoming(self, payload: Any, headers: Any = None) -> None:
        del payload, headers


class ReplyReporter(Extension):
    """Tells of every reply of the server."""

    async def outgoing(self, payload: Any, headers: Any) -> None:
        del payload, headers

    async def incoming(self, payload: Any, headers: Any = None) -> None:
        del headers
        for message in payload:
            if message["channel"].startswith("/meta/"):
                say(meta=message["channel"].removeprefix("/meta/"), message=message)


class Replay(Extension):
    """Goes on after the last position that was heard, as the extension of the server asks for."""

    def __init__(self, position: int) -> None:
        self._position = position

    async def outgoing(self, payload: Any, headers: Any) -> None:
        del headers
        for message in payload:
            if message["channel"] == "/meta/handshake":
                message["ext"] = {"replay": True}
            if message["channel"] == "/meta/subscribe":
                message["ext"] = {"replay": self._position}

    async def incoming(self, payload: Any, headers: Any = None) -> None:
        del headers
        for message in payload:
            if message["channel"].startswith("/meta/"):
                begun = message.get("ext", {}).get("replay")
                if isinstance(begun, dict):
                    self._position = max(self._position, *begun.values())
            elif isinstance(message["data"], dict):
                self._position = message["data"].get("position", self._position)


def make_client(order: Any) -> Client:
    extensions: list[Extension] = [ReplyReporter()]
    if order["replay"] is not None:
        extensions.append(Replay(order["replay"]))
    return Client(
        # Its cookies are not for addresses that are numbers.
        order["url"].replace("127.0.0.1", "localhost"),
        ConnectionType(order["transport"]),
        # Its own limit fails since Python 3.10: it hands a loop to asyncio.wait_for.
        connection_timeout=0,
        extensions=extensions,
        auth=Basic(order["user"], order["password"]),
    )


async def orders() -> AsyncIterator[Any]:
    lines = asyncio.StreamReader(limit=_LONGEST_LINE)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
    )
    async for line in lines:
        yield json.loads(line)


async def hear(client: Client) -> None:
    async for message in client:
        say(event=message)


async def subscribe(client: Client, channel: str) -> None:
    try:
        await client.subscribe(channel)
    except ServerError as error:
        say(subscribed=channel, reply={"successful": False, "error": error.error})
    else:
        say(subscribed=channel, reply={"successful": True})


async def obey() -> None:
    incoming = orders()
    client = make_client(await anext(incoming))
    await client.open()
    hearing = asyncio.create_task(hear(client))
    async for order in incoming:
        match order["command"]:
            case "subscribe":
                await subscribe(client, order["channel"])
            case "disconnect":
                hearing.cancel()
                await client.close()
                say(disconnected=True)
                return
            case unknown:
                raise ValueError(f"no such command: {unknown}")


if __name__ == "__main__":
    asyncio.run(obey())
