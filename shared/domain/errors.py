"""Errors in handling a message, grouped by what the worker does next."""

from typing import ClassVar


class Refused(Exception):  # noqa: N818 - a family of answers, not of faults
    """The command cannot be carried out: acknowledge it and report `kind` to the agent."""

    kind: ClassVar[str] = "refused"


class Unavailable(Exception):  # noqa: N818 - a family of answers, not of faults
    """The broker, the database or another needed part does not answer: try again later."""

    is_temporary: ClassVar[bool] = True
    """A log line is enough; no traceback."""


class OperationNotAllowedError(Refused):
    """The operation is not allowed now; `state` is set where the interaction's state is why."""

    kind = "wrong-state"

    def __init__(self, message: str, *, state: str = "") -> None:
        super().__init__(message)
        self.state = state


class NotOwnerError(Refused):
    """The interaction belongs to another agent."""

    kind = "not-owner"


class UnknownInteractionError(Refused):
    """There is no interaction of that id."""

    kind = "unknown"

    def __init__(self, interaction_id: str) -> None:
        super().__init__(f"there is no interaction {interaction_id}")
        self.interaction_id = interaction_id


class UnknownContactError(Refused):
    """There is no contact of that id."""

    kind = "unknown"

    def __init__(self, contact_id: str) -> None:
        super().__init__(f"there is no contact {contact_id}")


class ChangedMeanwhileError(Refused):
    """The interaction has another version than the command expects: read it again."""

    kind = "changed"


class TooLargeError(Refused):
    """A size or a number would exceed its limit."""

    kind = "too-large"


class PositionGoneError(LookupError):
    """The journal does not keep what follows a position: read a snapshot instead."""


class StaleInteractionError(Unavailable):
    """Another process changed the interaction first: read it again."""
