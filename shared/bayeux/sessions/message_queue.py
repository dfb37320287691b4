"""Events waiting for one client, bounded by number and by bytes."""

from collections import deque
from collections.abc import Sequence

from shared.bayeux.messages.events import Frame


class MessageQueue:
    """A queue that, where the client acknowledges, keeps what it sent until it is confirmed.

    What is larger than all the room there is fits where nothing else is: it has to get through.
    """

    __slots__ = ("_bytes", "_max_bytes", "_max_events", "_unconfirmed", "_waiting")

    def __init__(self, *, max_events: int, max_bytes: int) -> None:
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._bytes = 0
        self._waiting: deque[Frame] = deque()
        self._unconfirmed: deque[tuple[int, Frame]] = deque()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def __len__(self) -> int:
        return len(self._waiting) + len(self._unconfirmed)

    def since(self) -> float | None:
        """Since when the oldest event waits to go out, where that is known."""
        return self._waiting[0][1] if self._waiting else None

    def put(self, frame: Frame) -> bool:
        """Queue an event; False when it does not fit, and then nothing has changed."""
        weight = self._bytes + len(frame[0])
        count = len(self._waiting) + len(self._unconfirmed)
        if count and (count >= self._max_events or weight > self._max_bytes):
            return False
        self._waiting.append(frame)
        self._bytes = weight
        return True

    def put_all(self, frames: Sequence[Frame]) -> bool:
        """Queue all of them, or none where they do not fit together."""
        count, weight = len(self), self._bytes + sum(len(text) for text, _ in frames)
        if count and (count + len(frames) > self._max_events or weight > self._max_bytes):
            return False
        self._waiting.extend(frames)
        self._bytes = weight
        return True

    @property
    def has_room(self) -> bool:
        """Tell whether it is at most half full."""
        return 2 * len(self) <= self._max_events and 2 * self._bytes <= self._max_bytes

    def take(self, at_most: int, batch: int | None = None) -> list[bytes]:
        """Return events up to `at_most` bytes, at least one if any waits.

        With a batch number they are kept until that batch is confirmed.
        """
        taken: list[bytes] = []
        waiting, room = self._waiting, at_most
        while waiting and (not taken or len(waiting[0][0]) <= room):
            frame = waiting.popleft()
            room -= len(frame[0])
            taken.append(frame[0])
            if batch is not None:
                self._unconfirmed.append((batch, frame))
        if batch is None:
            self._bytes -= at_most - room
        return taken

    def confirm(self, batch: int) -> int:
        """Forget all up to this batch, put the rest back in front; return how many go out again."""
        while self._unconfirmed and self._unconfirmed[0][0] <= batch:
            _, (text, _) = self._unconfirmed.popleft()
            self._bytes -= len(text)
        again = len(self._unconfirmed)
        self._waiting.extendleft(frame for _, frame in reversed(self._unconfirmed))
        self._unconfirmed.clear()
        return again

    def clear(self) -> None:
        """Forget everything."""
        self._waiting.clear()
        self._unconfirmed.clear()
        self._bytes = 0
