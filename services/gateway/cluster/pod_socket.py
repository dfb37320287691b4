"""A socket from this pod to another one, for a client whose session is there."""

import asyncio
import socket
from collections.abc import Iterable
from typing import Final, Self
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.frames import CloseCode

from shared.bayeux.transports.tunnel import RemoteSocketClosedError

_REACHED_WITHIN: Final = 1.0
"""Seconds."""

_OPENED_WITHIN: Final = 10.0
"""Seconds: a pod may have a password to check."""

_CLOSED_WITHIN: Final = 2.0
"""Seconds: shorter than a pod that stops waits for its sockets."""


class NotOpenedError(Exception):
    """The other pod is not to be reached, or lets nobody in; why, without any credentials."""


class PodSocket:
    """A websocket (RFC 6455) to another pod; see `RemoteSocket`."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    @classmethod
    async def opened(cls, url: str, headers: Iterable[tuple[bytes, bytes]]) -> Self:
        """Open a socket to `url` (ws://) with some headers besides those of a websocket.

        Raises:
            NotOpenedError: There is no such socket.
        """
        try:
            connection = await connect(
                url,
                sock=await _reached(url),
                additional_headers=[
                    (name.decode("latin-1"), value.decode("latin-1")) for name, value in headers
                ],
                user_agent_header=None,
                compression=None,
                proxy=None,
                open_timeout=_OPENED_WITHIN,
                close_timeout=_CLOSED_WITHIN,
                max_size=None,
            )
        except InvalidStatus as refusal:
            raise NotOpenedError(f"status {refusal.response.status_code}") from refusal
        except (OSError, WebSocketException) as error:
            raise NotOpenedError(type(error).__name__) from error
        return cls(connection)

    async def send(self, text: bytes) -> None:
        """Send a text (UTF-8).

        Raises:
            FarSocketClosedError: It goes nowhere.
        """
        try:
            await self._connection.send(text, text=True)
        except ConnectionClosed as closed:
            raise _as_ours(closed) from closed

    async def receive(self) -> bytes:
        """Return the next text (UTF-8).

        Raises:
            FarSocketClosedError: Nothing comes any more.
        """
        try:
            return await self._connection.recv(decode=False)
        except ConnectionClosed as closed:
            raise _as_ours(closed) from closed

    async def close(self) -> None:
        """Close it within seconds; what is on its way can still be received meanwhile."""
        try:
            async with asyncio.timeout(_CLOSED_WITHIN):
                await self._connection.close()
        except TimeoutError:
            # Its own limit does not count while the other pod reads nothing.
            self._connection.transport.abort()


async def _reached(url: str) -> socket.socket:
    """Connect: a pod that is gone without a word is not waited for as long as one that is busy."""
    place = urlsplit(url)
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(_REACHED_WITHIN):
        [(family, kind, protocol, _, address), *_] = await loop.getaddrinfo(
            place.hostname, place.port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
        )
        reached = socket.socket(family, kind, protocol)
        try:
            reached.settimeout(0)
            await loop.sock_connect(reached, address)
        except BaseException:
            reached.close()
            raise
    return reached


def _as_ours(closed: ConnectionClosed) -> RemoteSocketClosedError:
    said = closed.rcvd.code if closed.rcvd else CloseCode.NO_STATUS_RCVD
    return RemoteSocketClosedError(None if said == CloseCode.NO_STATUS_RCVD else said)
