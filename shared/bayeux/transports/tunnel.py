"""Relays a client's socket to the process that holds its session.

To that process the relayed socket is an ordinary one, opened with the client's credentials.

It ends as the other one does: told to shake hands instead, Faye's and aiocometd-ng's clients give
up. Messages on their way through a process that is killed are lost as with a line that is cut;
`ext.ack` brings them again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol

import structlog

log = structlog.get_logger(__name__)


class RemoteSocketClosedError(Exception):
    """The socket to the other process has ended.

    Attributes:
        code: The close code (RFC 6455, 7.4); None if there was no close frame.
    """

    def __init__(self, code: int | None) -> None:
        super().__init__(code)
        self.code = code


class RemoteSocket(Protocol):
    """A socket to another process."""

    async def send(self, text: bytes) -> None:
        """Send a text (UTF-8).

        Raises:
            RemoteSocketClosedError: The socket has ended, and the text is lost.
        """
        ...

    async def receive(self) -> bytes:
        """Return the next text (UTF-8).

        Raises:
            RemoteSocketClosedError: The socket has ended.
        """
        ...

    async def close(self) -> None:
        """Close the socket within seconds; texts on their way can still be received meanwhile."""
        ...


class Tunnel:
    """Joins a client's socket in this process to a socket to another process.

    Args:
        session_id: The session of the other process.
        remote: The socket to that process.
        relay: Called with each text from there; returns when the next may be read.
        on_end: Called with the code of `RemoteSocketClosedError` when the remote socket ends.
    """

    __slots__ = (
        "_closing",
        "_is_abandoned",
        "_on_end",
        "_reading",
        "_relay",
        "_remote",
        "session_id",
    )

    def __init__(
        self,
        session_id: str,
        remote: RemoteSocket,
        *,
        relay: Callable[[bytes], Awaitable[None]],
        on_end: Callable[[int | None], None],
    ) -> None:
        self.session_id = session_id
        self._remote = remote
        self._relay = relay
        self._on_end = on_end
        self._is_abandoned = False
        self._reading = asyncio.create_task(self._read())
        self._closing: asyncio.Task[None] | None = None

    async def send(self, text: bytes) -> None:
        """Send a text to the other process; if that fails, `on_end` is called."""
        with suppress(RemoteSocketClosedError):
            await self._remote.send(text)

    def close(self) -> None:
        """Close the remote socket because the client's closes; texts on their way are relayed."""
        self._closing = self._closing or asyncio.create_task(self._remote.close())

    def abandon(self) -> None:
        """Close without relaying more or calling `on_end`: the client left or changed session."""
        self._is_abandoned = True
        self.close()

    async def _read(self) -> None:
        code = None
        try:
            while True:
                text = await self._remote.receive()
                if not self._is_abandoned:
                    await self._relay(text)
        except RemoteSocketClosedError as closed:
            code = closed.code
        except Exception:
            log.exception("a tunnel broke", session_id=self.session_id)
            self.close()
        if not self._is_abandoned:
            self._on_end(code)
