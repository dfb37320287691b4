"""A thousand clients in one process: each connects, subscribes and counts what it hears."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from tests.bench_cometd import wire

Heard = Callable[[int, list[int]], None]
"""Told which client heard events, and when these were published (nanoseconds)."""


class Client(asyncio.Protocol, ABC):
    """One agent's connection."""

    def __init__(
        self,
        number: int,
        url: str,
        channels: Sequence[str],
        heard: Heard,
        login: Mapping[str, str] | None = None,
    ) -> None:
        self._login = dict(login or {"Authorization": f"Bearer agent-{number}"})
        self._number = number
        self._address = urlsplit(url)
        self._channels = channels
        self._heard = heard
        self._buffer = bytearray()
        self._answers: asyncio.Queue[bytes] = asyncio.Queue()
        self._connect = b""
        self._transport: Any = None
        self.gone = asyncio.Event()

    @abstractmethod
    async def join(self) -> None:
        """Return when the client is subscribed and its connect is on its way.

        Raises:
            OSError: The server is not there, or went away.
        """

    def close(self) -> None:
        """Cut the connection, if there is one."""
        if self._transport is not None:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the waiting calls."""
        del exc
        self._answers.put_nowait(b"")
        self.gone.set()

    async def _open(self) -> None:
        host, port = self._address.hostname or "", self._address.port or 80
        self._transport, _ = await asyncio.get_running_loop().create_connection(
            lambda: self, host, port
        )

    async def _subscribe(self) -> str:
        session = wire.client_id(await self._ask(wire.greeting()))
        for message in self._subscriptions(session):
            wire.require_success(await self._ask(message))
        return session

    def _subscriptions(self, session: str) -> list[wire.Message]:
        return wire.subscriptions(session, self._channels)

    async def _ask(self, message: wire.Message) -> bytes:
        self._transport.write(self._request(message))
        if not (answer := await self._answers.get()):
            raise ConnectionResetError
        return answer

    @abstractmethod
    def _request(self, message: wire.Message) -> bytes:
        """Return a message as it goes over the wire."""


class SocketClient(Client):
    """A client over a websocket."""

    async def join(self) -> None:
        """Return when the client is subscribed and its connect is on its way."""
        await self._open()
        self._transport.write(wire.upgrade(self._address.netloc, self._login))
        if not (answer := await self._answers.get()).startswith(b"HTTP/1.1 101 "):
            raise ConnectionError(f"no socket: {answer[:300]!r}")
        connect = wire.connecting(await self._subscribe(), "websocket")
        await self._ask(connect | {"advice": {"timeout": 0}})
        self._connect = self._request(connect)
        self._transport.write(self._connect)

    def data_received(self, data: bytes) -> None:
        """Read what came."""
        self._buffer += data
        if self._buffer.startswith(b"HTTP/"):
            if (answer := wire.response(self._buffer)) is not None:
                self._answers.put_nowait(answer[0])
            return
        for kind, payload in wire.frames(self._buffer):
            if kind == wire.TEXT:
                self._read(payload)
            elif kind == wire.PING:
                self._transport.write(wire.frame(payload, wire.PONG))

    def _request(self, message: wire.Message) -> bytes:
        return wire.frame(wire.batch(message))

    def _read(self, text: bytes) -> None:
        if not self._connect:
            self._answers.put_nowait(text)
            return
        if stamps := wire.sent_at(text):
            self._heard(self._number, stamps)
        if wire.answers_connect(text):
            self._transport.write(self._connect)


class PollClient(Client):
    """A client that polls, on one connection that it keeps."""

    async def join(self) -> None:
        """Return when the client is subscribed and its connect is on its way."""
        await self._open()
        connect = wire.connecting(await self._subscribe(), "long-polling")
        await self._ask(connect | {"advice": {"timeout": 0}})
        self._connect = self._request(connect)
        self._transport.write(self._connect)

    def data_received(self, data: bytes) -> None:
        """Read what came."""
        self._buffer += data
        while (answer := wire.response(self._buffer)) is not None:
            self._read(*answer)

    def _request(self, message: wire.Message) -> bytes:
        return wire.post(self._address.netloc, self._login, wire.batch(message))

    def _read(self, head: bytes, body: bytes) -> None:
        if not self._connect:
            if cookie := wire.cookie(head):
                self._login["Cookie"] = cookie
            self._answers.put_nowait(body)
            return
        self._transport.write(self._connect)
        if stamps := wire.sent_at(body):
            self._heard(self._number, stamps)


KINDS: Mapping[str, type[SocketClient] | type[PollClient]] = {
    "websocket": SocketClient,
    "long-polling": PollClient,
}
