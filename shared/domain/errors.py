"""What can go wrong with a message, by what has to happen next."""


class Refused(Exception):  # noqa: N818 - a family of answers, not of faults
    """The request is wrong now: acknowledge it and tell the one who asked."""


class Unavailable(Exception):  # noqa: N818 - a family of answers, not of faults
    """Something that is needed does not answer: try the message again later."""


class OperationNotAllowedError(Refused):
    """The interaction's state does not allow the operation."""


class NotOwnerError(Refused):
    """The interaction belongs to somebody else."""


class UnknownInteractionError(Refused):
    """There is no interaction of that id."""


class PositionGoneError(Refused):
    """What an agent asks for, after a position of the journal, is not there: read a snapshot."""


class StaleInteractionError(Unavailable):
    """Somebody else changed the interaction first: read it again."""
