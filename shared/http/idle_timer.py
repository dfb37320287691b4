"""Ends a connection whose client is awaited for too long."""

from asyncio import AbstractEventLoop, TimerHandle, Transport
from typing import Protocol


class AwaitedConnection(Protocol):
    """A connection as its timer sees it; `StrictHttpProtocol` is one."""

    loop: AbstractEventLoop
    timeout_keep_alive: int
    """Seconds for which a client is awaited."""

    @property
    def transport(self) -> Transport:
        """The transport of the connection."""
        ...

    def makes_client_wait(self) -> bool:
        """Tell whether the client is right to send nothing now."""
        ...

    def end_late(self) -> None:
        """End the connection, because its client was awaited for too long."""
        ...


class IdleTimer:
    """Counts for how long the client of one connection has been awaited.

    The time during which the client is right to send nothing does not count.
    """

    __slots__ = ("_connection", "_handle", "since")

    def __init__(self, connection: AwaitedConnection) -> None:
        self._connection = connection
        self._handle: TimerHandle | None = None
        self.since: float | None = None
        """Loop time from which it counts; None while the client awaits an answer."""

    def restart(self) -> None:
        """Count from now: the next request and the reading of answers are awaited."""
        connection = self._connection
        self.since = connection.loop.time()
        if self._handle is None:
            self._handle = connection.loop.call_later(connection.timeout_keep_alive, self.check)

    def pause(self) -> None:
        """Count no longer: the application may take its time with a complete request."""
        self.since = None

    def abort_in(self, seconds: float) -> None:
        """Abort the connection after this time, whatever its client does."""
        self.cancel()
        connection = self._connection
        self._handle = connection.loop.call_later(seconds, connection.transport.abort)

    def cancel(self) -> None:
        """End nothing any more, not even after another `restart`."""
        if self._handle is not None:
            self._handle.cancel()

    def check(self) -> None:
        """End the connection if the time is over; otherwise look again when it may be."""
        self._handle = None
        if self.since is None:
            return
        connection = self._connection
        if connection.makes_client_wait():
            self.restart()
            return
        left = self.since + connection.timeout_keep_alive - connection.loop.time()
        if left > 0:
            self._handle = connection.loop.call_later(left, self.check)
        else:
            connection.end_late()
