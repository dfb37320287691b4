"""An end of a connection that leaves the client time to read why it ends."""

from asyncio import Transport
from collections.abc import Callable


class LingeringTransport:
    """A transport for one answer: who gives it closes the connection by `close_lingering`."""

    __slots__ = ("_close_lingering", "_is_ended", "_transport")

    def __init__(self, transport: Transport, close_lingering: Callable[[], None]) -> None:
        self._transport = transport
        self._close_lingering = close_lingering
        self._is_ended = False

    def write(self, data: bytes) -> None:
        """Send something; it goes nowhere after the end."""
        if not self._is_ended:
            self._transport.write(data)

    def is_closing(self) -> bool:
        """Tell whether nothing can be sent any more."""
        return self._is_ended or self._transport.is_closing()

    def close(self) -> None:
        """End the connection."""
        if not self._is_ended:
            self._is_ended = True
            self._close_lingering()
