"""What the gateway says to its clients, turned into text once however many hear it."""

from dataclasses import dataclass

from services.gateway.bayeux.wire import encode


@dataclass(frozen=True, slots=True)
class Frame:
    """A finished message and what it weighs on the wire."""

    text: str
    size: int
    born: float | None = None


class Event:
    """A payload on its way to any number of sessions; `born` is its monotonic time of birth."""

    __slots__ = ("_born", "_frames", "_payload", "_timestamp")

    def __init__(
        self, payload: object, *, timestamp: str | None = None, born: float | None = None
    ) -> None:
        self._born = born
        self._payload = encode(payload)
        self._timestamp = f',"timestamp":{encode(timestamp)}' if timestamp else ""
        self._frames: dict[str, Frame] = {}

    def on(self, channel: str) -> Frame:
        """Return the message that delivers this event on a channel."""
        frame = self._frames.get(channel)
        if frame is None:
            frame = self._frames[channel] = self._make(channel)
        return frame

    def _make(self, channel: str) -> Frame:
        text = f'{{"channel":{encode(channel)},"data":{self._payload}{self._timestamp}}}'
        return Frame(text, len(text.encode()), self._born)
