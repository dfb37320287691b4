"""Closes a connection so that a client that still sends has time to read the last answer."""

from asyncio import BaseProtocol, Transport
from collections.abc import Callable
from typing import Final

LINGERS: Final = 5.0
"""Seconds that a client that still sends has to read its refusal (RFC 9112, 9.6)."""


class LingeringTransport:
    """A transport for one answer of uvicorn; its `close` calls `close_lingering` instead."""

    __slots__ = ("_close_lingering", "_is_ended", "_transport")

    def __init__(self, transport: Transport, close_lingering: Callable[[], None]) -> None:
        self._transport = transport
        self._close_lingering = close_lingering
        self._is_ended = False

    def write(self, data: bytes) -> None:
        """Send data; after `close` it is dropped."""
        if not self._is_ended:
            self._transport.write(data)

    def is_closing(self) -> bool:
        """Tell whether nothing can be sent any more."""
        return self._is_ended or self._transport.is_closing()

    def close(self) -> None:
        """Call `close_lingering`, once."""
        if not self._is_ended:
            self._is_ended = True
            self._close_lingering()


class RefusedClient(BaseProtocol):
    """Ignores everything that a refused client sends."""

    def data_received(self, data: bytes) -> None:
        """Drop data that came before the end."""
