"""Events for clients, serialized once for all sessions that receive them."""

from collections.abc import Mapping
from functools import lru_cache

from shared.bayeux.messages.message import encode
from shared.bayeux.messages.message_queue import Frame


class Event:
    """A payload for any number of sessions.

    It is serialized when the first session receives it, so an event without subscribers costs none.

    Args:
        payload: The value of `data`.
        fields: Further fields of the message; None for none.
        born: When it was published (monotonic, seconds), for the metric of delays.
    """

    __slots__ = ("_born", "_channel", "_fields", "_frame", "_payload", "_rest")

    def __init__(
        self, payload: object, fields: Mapping[str, object] | None = None, born: float | None = None
    ) -> None:
        self._payload = payload
        self._fields = fields
        self._born = born
        self._rest: bytes | None = None
        self._channel: str | None = None

    def on(self, channel: str) -> Frame:
        """Return the message that delivers this event on a channel."""
        if channel != self._channel:
            rest = self._rest
            if rest is None:
                rest = self._rest = self._write()
            # Nearly all sessions use the same channel, so only the last one is cached.
            self._channel, self._frame = channel, (_beginning(channel) + rest, self._born)
        return self._frame

    def _write(self) -> bytes:
        more = b"," + encode(self._fields)[1:-1] if self._fields else b""
        return b',"data":' + encode(self._payload) + more + b"}"


@lru_cache(maxsize=1024)
def _beginning(channel: str) -> bytes:
    return b'{"channel":' + encode(channel)
