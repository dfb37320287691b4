"""An HTTP connection in memory, with a server and an application that record requests."""

import asyncio
import re
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, Self

from services.gateway.http.asgi import AbortedError, read_body
from shared.bayeux.transports.http.http_connection import HttpConnection, Request
from shared.bayeux.transports.web import Scope
from shared.bayeux.transports.websocket_connection import SocketConnection
from shared.http.answer import Answer
from tests.unit.bayeux.fake_transport import FakeTransport, run_due_callbacks, uvicorn_arguments

POLL = b"POST /cometd HTTP/1.1\r\nHost: here\r\nContent-Length: 4\r\n\r\npoll"
OTHER = b"GET /api HTTP/1.1\r\nHost: here\r\n\r\n"
UPGRADE = (
    b"GET /cometd HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
DONE = Answer(200, b"done")


class FakeServer:
    """Keeps every request until it is told to answer; knows heads again once it was told to."""

    max_body_bytes = 8
    is_stopping = False

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.again: list[bytes] = []
        self.gone = 0
        self.knows: Callable[[bytes], bool] = lambda _: False
        self.refuses: Callable[[Scope], Answer | None] = lambda _: None
        self.fails = False

    def too_large(self, scope: Scope) -> Answer:
        return Answer(413, headers=((b"x-path", scope["path"].encode()),))

    def serves(self, path: str) -> bool:
        return path.startswith("/cometd")

    async def refusal(self, scope: Scope) -> Answer | None:
        return self.refuses(scope)

    async def serve(self, request: Request) -> None:
        if self.fails:
            raise ValueError("a fault that nobody foresaw")
        self.requests.append(request)
        request.connection.hold(self._leave)

    def serve_again(self, connection: HttpConnection, head: bytes, body: bytes) -> bool:
        if not self.knows(head):
            return False
        if self.fails:
            raise ValueError("a fault that nobody foresaw")
        self.again.append(body)
        connection.hold(self._leave)
        return True

    def _leave(self) -> None:
        self.gone += 1


class ConnectionHarness:
    """One connection, and both of its ends."""

    def __init__(self, **options: Any) -> None:
        self.server = FakeServer()
        self.transport = FakeTransport()
        self.rest = asyncio.Event()
        self.connection = HttpConnection(
            bayeux=self.server, **uvicorn_arguments(self._application, **options)
        )
        self.connection.connection_made(self.transport)

    async def _application(self, _scope: Any, _receive: Any, send: Any) -> None:
        await self.rest.wait()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.connection.data_received(piece)
            # A request with an unknown head is served by a task.
            await asyncio.sleep(0)

    def answer(self, answer: Answer = DONE) -> str:
        self.connection.answer(answer)
        return self.transport.take()

    async def other(self) -> str:
        self.rest.set()
        await self.send(OTHER)
        await self.transport.something_written.wait()
        return self.transport.take()


class RecordedRequest(NamedTuple):
    """A request as whoever serves it sees it."""

    handler: str
    method: str
    path: str
    query: bytes
    hosts: tuple[bytes, ...]
    body: bytes


class RecordingConnection:
    """A connection whose both parts answer at once with what they read, and write it down."""

    max_body_bytes = 1_000_000
    is_stopping = False

    def __init__(self, **options: Any) -> None:
        self.seen: list[RecordedRequest] = []
        self.texts: list[bytes] = []
        self.written = ""
        self.transport = FakeTransport()
        sockets = partial(SocketConnection, bayeux=self)
        self.connection = HttpConnection(
            bayeux=self, **uvicorn_arguments(self._application, ws=sockets, **options)
        )
        self.connection.connection_made(self.transport)

    @property
    def statuses(self) -> list[int]:
        """The answers, without the hints to go on."""
        found = re.findall(r"HTTP/1\.1 (\d{3}) [A-Z]", self.written)
        return [int(status) for status in found if status != "100"]

    def say(self, *pieces: bytes) -> None:
        """Bring pieces to the server before it can do anything about any of them."""
        for piece in pieces:
            if self.transport.is_closed:
                # Nobody reads any more.
                return
            listener = self.transport.protocol or self.connection
            listener.data_received(piece)  # type: ignore[attr-defined]

    async def settle(self) -> None:
        """Let all be answered that can be."""
        await run_due_callbacks()
        self.written += self.transport.take()

    async def said(self, *pieces: bytes) -> Self:
        """Bring pieces to the server and let it answer."""
        self.say(*pieces)
        await self.settle()
        return self

    async def hang_up(self) -> None:
        """Go away, and let whoever waits for more learn it."""
        listener = self.transport.protocol or self.connection
        listener.connection_lost(None)
        await self.settle()

    def too_large(self, scope: Scope) -> Answer:
        del scope
        return Answer(413)

    def serves(self, path: str) -> bool:
        return path.startswith("/cometd")

    async def refusal(self, scope: Scope) -> Answer | None:
        del scope
        return None

    async def serve(self, request: Request) -> None:
        self._note("poll", request.scope, request.body)
        request.connection.answer(DONE)

    def serve_again(self, connection: HttpConnection, head: bytes, body: bytes) -> bool:
        del connection, head, body
        return False

    async def admit_socket(self, connection: SocketConnection, scope: Scope) -> None:
        self._note("socket", {"method": "GET", **scope}, b"")
        await connection.accept(self)

    def text_received(self, text: bytes) -> None:
        self.texts.append(text)

    def binary_received(self) -> None: ...

    def writing_resumed(self) -> None: ...

    def disconnected(self) -> None: ...

    async def _application(self, scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        try:
            body = await read_body(receive, at_most=self.max_body_bytes)
        except AbortedError:
            return
        self._note("rest", scope, body)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})

    def _note(self, handler: str, scope: Scope, body: bytes) -> None:
        hosts = tuple(value for name, value in scope["headers"] if name == b"host")
        method, path, query = scope["method"], scope["path"], scope["query_string"]
        self.seen.append(RecordedRequest(handler, method, path, query, hosts, body))


def cuts(octets: bytes) -> list[tuple[bytes, ...]]:
    """Return octets in two pieces in all ways, and each octet by itself."""
    in_two = [(octets[:at], octets[at:]) for at in range(1, len(octets))]
    return [*in_two, tuple(bytes((octet,)) for octet in octets)]
