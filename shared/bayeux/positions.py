"""Positions in a user's journal of events, as the replay extension uses them."""

from typing import Final, Protocol

NEW_ONLY: Final = -1
"""A client asks for new events only."""

ALL_THAT_IS_KEPT: Final = -2
"""A client asks for every event that the journal still keeps."""


class Span(Protocol):
    """The positions that a user's journal keeps."""

    def start(self, asked: int) -> int:
        """Return the position after which reading starts; `asked` may be one of the above.

        Raises:
            LookupError: An event after `asked` is no longer kept, or the journal has not got that
                far. The text of the error is sent to the client.
        """
        ...
