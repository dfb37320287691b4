"""What can go wrong with a message, by what has to happen next."""

from typing import ClassVar


class Refused(Exception):  # noqa: N818 - a family of answers, not of faults
    """The request is wrong now: acknowledge it and tell the one who asked; `kind` is why."""

    kind: ClassVar[str] = "refused"


class Unavailable(Exception):  # noqa: N818 - a family of answers, not of faults
    """Something that is needed does not answer: try the message again later."""

    is_temporary: ClassVar[bool] = True
    """Worth a line in a log and no traceback."""


class OperationNotAllowedError(Refused):
    """The interaction's state, `state` where it alone is why, does not allow the operation."""

    kind = "wrong-state"

    def __init__(self, message: str, *, state: str = "") -> None:
        super().__init__(message)
        self.state = state


class NotOwnerError(Refused):
    """The interaction belongs to somebody else."""

    kind = "not-owner"


class UnknownInteractionError(Refused):
    """There is no interaction of that id."""

    kind = "unknown"

    def __init__(self, interaction_id: str) -> None:
        super().__init__(f"there is no interaction {interaction_id}")
        self.interaction_id = interaction_id


class ChangedMeanwhileError(Refused):
    """The interaction has another version than the one that was to be changed."""

    kind = "changed"


class TooLargeError(Refused):
    """What would be stored is larger, or more, than may be."""

    kind = "too-large"


class PositionGoneError(LookupError):
    """What is asked for, after a position of a journal, is not there: read a snapshot."""


class StaleInteractionError(Unavailable):
    """Somebody else changed the interaction first: read it again."""
