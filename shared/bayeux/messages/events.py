"""What the gateway says to its clients, turned into JSON once however many hear it."""

from functools import lru_cache

from shared.bayeux.messages.message import encode

Frame = tuple[bytes, float | None]
"""A finished message, and the monotonic time at which its event was born, where that is known."""


class Event:
    """A payload on its way to any number of sessions; `born` is its monotonic time of birth.

    It is written when the first of them hears it: of what nobody hears nothing is written.
    """

    __slots__ = ("_born", "_channel", "_frame", "_payload", "_rest", "_timestamp")

    def __init__(
        self, payload: object, timestamp: str | None = None, born: float | None = None
    ) -> None:
        self._payload = payload
        self._timestamp = timestamp
        self._born = born
        self._rest: bytes | None = None
        self._channel: str | None = None

    def on(self, channel: str) -> Frame:
        """Return the message that delivers this event on a channel."""
        if channel != self._channel:
            rest = self._rest
            if rest is None:
                rest = self._rest = self._write()
            # Sessions that hear it on another channel are few: it is put together anew for them.
            self._channel, self._frame = channel, (_beginning(channel) + rest, self._born)
        return self._frame

    def _write(self) -> bytes:
        time = b',"timestamp":' + encode(self._timestamp) if self._timestamp else b""
        return b',"data":' + encode(self._payload) + time + b"}"


@lru_cache(maxsize=1024)
def _beginning(channel: str) -> bytes:
    return b'{"channel":' + encode(channel)
