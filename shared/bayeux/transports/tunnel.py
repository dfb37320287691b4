"""A socket whose session another process holds: it is joined to a socket to that process.

To the other process that is a socket like any other, opened with the same credentials.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol

import structlog

log = structlog.get_logger(__name__)


class RemoteSocketClosedError(Exception):
    """The other process has closed the socket, or is gone.

    Attributes:
        code: What it closed the socket with (RFC 6455, 7.4); None where it did not say.
    """

    def __init__(self, code: int | None) -> None:
        super().__init__(code)
        self.code = code


class RemoteSocket(Protocol):
    """A socket to another process."""

    async def send(self, text: bytes) -> None:
        """Send a text (UTF-8).

        Raises:
            RemoteSocketClosedError: It goes nowhere.
        """
        ...

    async def receive(self) -> bytes:
        """Return the next text (UTF-8).

        Raises:
            RemoteSocketClosedError: Nothing comes any more.
        """
        ...

    async def close(self) -> None:
        """Close it within seconds; what is on its way can still be received meanwhile."""
        ...


class Tunnel:
    """Joins a socket here to one to another process.

    Args:
        session_id: the session that it is for.
        remote: the socket to the process that holds it.
        relay: takes what comes from there, and returns when more may come.
        on_end: told when nothing comes any more, with the code of `RemoteSocketClosedError`.
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
        """Say something there; where it does not arrive the tunnel ends."""
        with suppress(RemoteSocketClosedError):
            await self._remote.send(text)

    def close(self) -> None:
        """Have it ended, for a socket here that closes: all is relayed that is on its way."""
        self._closing = self._closing or asyncio.create_task(self._remote.close())

    def abandon(self) -> None:
        """End it, for a socket here that is gone or speaks for another session: nobody is told."""
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
