"""Positions in the journal of a user's events, as clients of the replay extension name them."""

from typing import Final, Protocol

NEW_ONLY: Final = -1
ALL_THAT_IS_KEPT: Final = -2


class Span(Protocol):
    """The positions that a user's journal keeps."""

    def start(self, asked: int) -> int:
        """Return the position after which somebody reads who asked for this one.

        Raises:
            LookupError: Something after it is no longer kept, or it was never reached; its text
                is told to the client.
        """
        ...
