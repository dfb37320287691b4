"""A websocket from this pod to another one, for a client whose session is there."""

import asyncio
import socket
from collections.abc import Iterable
from typing import Final, Self
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.frames import CloseCode

from shared.bayeux.transports.tunnel import RemoteSocketClosedError

CONNECT_TIMEOUT: Final = 1.0
"""Seconds: pods share a network, and one that is gone never answers."""

_OPEN_TIMEOUT: Final = 10.0
"""Seconds: the pod may have to check a password."""

_CLOSE_TIMEOUT: Final = 2.0
"""Seconds: less than a stopping pod waits for its sockets."""


class NotOpenedError(Exception):
    """The other pod cannot be reached, or refuses the socket. The message has no credentials."""


class PodSocket:
    """A websocket (RFC 6455) to another pod; implements `RemoteSocket`."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    @classmethod
    async def open(cls, url: str, headers: Iterable[tuple[bytes, bytes]]) -> Self:
        """Open a websocket to `url` (ws://), with further headers.

        Raises:
            NotOpenedError: The pod cannot be reached, or refuses.
        """
        try:
            connection = await connect(
                url,
                sock=await _connect(url),
                additional_headers=[
                    (name.decode("latin-1"), value.decode("latin-1")) for name, value in headers
                ],
                user_agent_header=None,
                compression=None,
                proxy=None,
                open_timeout=_OPEN_TIMEOUT,
                close_timeout=_CLOSE_TIMEOUT,
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
            RemoteSocketClosedError: The socket is closed.
        """
        try:
            await self._connection.send(text, text=True)
        except ConnectionClosed as closed:
            raise _remote_closed(closed) from closed

    async def receive(self) -> bytes:
        """Return the next text (UTF-8).

        Raises:
            RemoteSocketClosedError: The socket is closed.
        """
        try:
            return await self._connection.recv(decode=False)
        except ConnectionClosed as closed:
            raise _remote_closed(closed) from closed

    async def close(self) -> None:
        """Close within two seconds; texts on their way can still be received."""
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT):
                await self._connection.close()
        except TimeoutError:
            # `close_timeout` does not apply while the other pod reads nothing.
            self._connection.transport.abort()


async def _connect(url: str) -> socket.socket:
    """Return a TCP connection. Its timeout is short: a pod that is gone never answers."""
    place = urlsplit(url)
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(CONNECT_TIMEOUT):
        [(family, kind, protocol, _, address), *_] = await loop.getaddrinfo(
            place.hostname, place.port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
        )
        connected = socket.socket(family, kind, protocol)
        try:
            connected.settimeout(0)
            await loop.sock_connect(connected, address)
        except BaseException:
            connected.close()
            raise
    return connected


def _remote_closed(closed: ConnectionClosed) -> RemoteSocketClosedError:
    code = closed.rcvd.code if closed.rcvd else CloseCode.NO_STATUS_RCVD
    return RemoteSocketClosedError(None if code == CloseCode.NO_STATUS_RCVD else code)
