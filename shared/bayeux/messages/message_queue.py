"""The queue of events for one client, limited in number and bytes."""

from collections import deque
from collections.abc import Sequence

Frame = tuple[bytes, float | None]
"""A message as JSON, and the monotonic time when its event was published, if known."""


class MessageQueue:
    """Keeps events until they are sent or, for a client with the ack extension, confirmed.

    An empty queue accepts one event of any size, since it could never be delivered otherwise. The
    length includes unconfirmed events; the truth value tells whether any waits to be sent.
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
        """Return the monotonic time of the oldest waiting event; None if unknown or none waits."""
        return self._waiting[0][1] if self._waiting else None

    def put(self, frame: Frame) -> bool:
        """Queue an event; if it does not fit, change nothing and return False."""
        weight = self._bytes + len(frame[0])
        count = len(self._waiting) + len(self._unconfirmed)
        if count and (count >= self._max_events or weight > self._max_bytes):
            return False
        self._waiting.append(frame)
        self._bytes = weight
        return True

    def put_all(self, frames: Sequence[Frame]) -> bool:
        """Queue all events; if they do not fit together, change nothing and return False."""
        count, weight = len(self), self._bytes + sum(len(text) for text, _ in frames)
        if count and (count + len(frames) > self._max_events or weight > self._max_bytes):
            return False
        self._waiting.extend(frames)
        self._bytes = weight
        return True

    @property
    def has_room(self) -> bool:
        """Tell whether the queue is at most half full, in number and bytes."""
        return 2 * len(self) <= self._max_events and 2 * self._bytes <= self._max_bytes

    def take(self, at_most: int, batch: int | None = None) -> list[bytes]:
        """Return the next events, together up to `at_most` bytes but at least one if any waits.

        With a batch number they stay in the queue as unconfirmed until `confirm`.
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
        """Remove the events of batches up to this one; return how many others are sent again.

        The other unconfirmed events go back to the front of the queue, in their order.
        """
        while self._unconfirmed and self._unconfirmed[0][0] <= batch:
            _, (text, _) = self._unconfirmed.popleft()
            self._bytes -= len(text)
        again = len(self._unconfirmed)
        self._waiting.extendleft(frame for _, frame in reversed(self._unconfirmed))
        self._unconfirmed.clear()
        return again

    def clear(self) -> None:
        """Remove all events."""
        self._waiting.clear()
        self._unconfirmed.clear()
        self._bytes = 0
