"""A user's journal of events, as the replay extension reads it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

NEW_ONLY: Final = -1
"""A client asks for new events only."""

ALL_THAT_IS_KEPT: Final = -2
"""A client asks for every event that the journal still keeps."""


@dataclass(frozen=True, slots=True)
class JournalEvent:
    """An event of a user's journal: its position, its topic, and the payload for clients."""

    position: int
    topic: str
    payload: object


@dataclass(frozen=True, slots=True)
class Page:
    """Events in the order of the journal.

    Attributes:
        reached: The last position that this page covers, even if no event is at it.
    """

    events: Sequence[JournalEvent]
    reached: int


class Span(Protocol):
    """The positions that a user's journal keeps."""

    def start(self, asked: int) -> int:
        """Return the position after which reading starts; `asked` may be one of the above.

        Raises:
            LookupError: An event after `asked` is no longer kept, or the journal has not got that
                far. The text of the error is sent to the client.
        """
        ...
