"""Recently published messages, to be published again if the broker loses its data."""

import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Final

from shared.contracts.envelope import EVENTS, JOURNALED
from shared.contracts.outgoing import Outgoing

# A broker that has lost its data is noticed by the upkeep within seconds.
_SECONDS: Final = 60.0
# They are held in memory, so a busy minute must not fill it.
_MOST: Final = 5_000
_MOST_COMMANDS: Final = 8
"""Commands of one interaction that are repeated. An interaction recognises its last 16 commands;
an older one would be carried out twice."""


class RecentMessages:
    """The messages of the last minute in order, at most 5,000.

    Messages to the journal's exchange are not kept, because pods read the journal itself.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._messages: deque[tuple[float, Outgoing]] = deque(maxlen=_MOST)

    def add(self, message: Outgoing) -> None:
        """Remember a message that the broker has confirmed."""
        if message.exchange == JOURNALED:
            return
        now = self._now()
        self._messages.append((now, message))
        while self._messages[0][0] < now - _SECONDS:
            self._messages.popleft()

    def all(self) -> list[Outgoing]:
        """Return the messages that may be published once more, oldest first.

        Of the commands about one interaction these are the newest eight.
        """
        oldest = self._now() - _SECONDS
        commands: Counter[str] = Counter()
        kept = []
        for at, message in reversed(self._messages):
            if message.exchange != EVENTS:
                commands[message.correlation_id] += 1
            is_known_again = (
                message.exchange == EVENTS or commands[message.correlation_id] <= _MOST_COMMANDS
            )
            if at >= oldest and is_known_again:
                kept.append(message)
        return kept[::-1]
