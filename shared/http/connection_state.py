"""The states of an HTTP connection, and of the request that is read from it."""

from enum import Enum, IntEnum, auto
from typing import Final


class Reading(Enum):
    """The part of a request that the parser is in."""

    NOTHING = auto()
    HEAD = auto()
    BODY = auto()
    """The body and its trailers."""


class ConnectionState(IntEnum):
    """The course of a connection, which never returns to an earlier one."""

    OPEN = 0
    """Requests are read and answered."""
    LAST_RESPONSE = 1
    """The connection ends after the present answer."""
    INPUT_IGNORED = 2
    """The same, and nothing more is parsed."""
    CLOSING = 3
    """The last answer has been written."""


# Python 3.11 finds a member of an enumeration by a call, and these are needed at every poll.
OPEN: Final = ConnectionState.OPEN
CLOSING: Final = ConnectionState.CLOSING
NOTHING: Final = Reading.NOTHING
