"""The table of states and operations of an interaction (seeds 000 to 003). Pure.

The gateway refuses by it, workers write by it, and `capabilities` are derived from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Final

from shared.domain.errors import OperationNotAllowedError


class Direction(StrEnum):
    """The way the mail travels."""

    INBOUND = "Inbound"
    OUTBOUND = "Outbound"


class State(StrEnum):
    """The state of an interaction."""

    QUEUED = "queued"
    INVITED = "invited"
    ACCEPTED = "accepted"
    IN_WORKBIN = "in-workbin"
    COMPLETED = "completed"
    REPLY_CREATED = "reply-created"
    SENDING = "sending"
    SENT = "sent"
    UNCERTAIN = "uncertain"
    CANCELED = "canceled"


class Operation(StrEnum):
    """Steps that an agent or the system takes on an interaction."""

    INVITE = "invite"
    ACCEPT = "accept"
    ACCEPT_MISSED = "accept-missed"
    REJECT = "reject"
    EXTEND_INVITATION = "extend-invitation"
    REVOKE = "revoke"
    TRANSFER = "transfer"
    REPLY = "reply"
    REPLY_ALL = "reply-all"
    COMPLETE = "complete"
    PLACE_IN_QUEUE = "place-in-queue"
    PLACE_IN_WORKBIN = "place-in-workbin"
    UPDATE_PROPERTIES = "update-properties"
    PULL = "pull"
    CANCEL = "cancel"
    SEND = "send"
    LINK_ATTACHMENT = "link-attachment"
    DELIVER = "deliver"
    FAIL = "fail"
    GIVE_UP = "give-up"
    DOUBT = "doubt"
    FORWARD = "forward"
    REDIRECT = "redirect"
    SAVE = "save"
    ADD_COMMENT = "add-comment"
    SET_DISPOSITION = "set-disposition"
    REQUEUE = "requeue"
    RETURN = "return"
    RECLAIM = "reclaim"
    RESEND = "resend"
    REPORT = "report"
    DISOWN = "disown"


@dataclass(frozen=True, slots=True)
class Transition:
    """The next state, whether an agent may ask for it, and whether seed 003 lists it."""

    to: State
    by_agent: bool = True
    in_seed: bool = True


_IN: Final = Direction.INBOUND
_OUT: Final = Direction.OUTBOUND
_S: Final = State
_O: Final = Operation

TRANSITIONS: Final[Mapping[tuple[Direction, State, Operation], Transition]] = MappingProxyType(
    {
        (_IN, _S.QUEUED, _O.INVITE): Transition(_S.INVITED, by_agent=False),
        (_IN, _S.INVITED, _O.ACCEPT): Transition(_S.ACCEPTED),
        # An Accept that was given in time and handled after the offer had been revoked.
        (_IN, _S.QUEUED, _O.ACCEPT_MISSED): Transition(_S.ACCEPTED, by_agent=False),
        (_IN, _S.INVITED, _O.ACCEPT_MISSED): Transition(_S.ACCEPTED, by_agent=False),
        (_IN, _S.INVITED, _O.REJECT): Transition(_S.QUEUED),
        (_IN, _S.INVITED, _O.EXTEND_INVITATION): Transition(_S.INVITED, in_seed=False),
        (_IN, _S.INVITED, _O.REVOKE): Transition(_S.QUEUED, by_agent=False),
        # A transfer that the other agent rejects or misses may return to its sender.
        (_IN, _S.INVITED, _O.RETURN): Transition(_S.ACCEPTED, by_agent=False),
        (_IN, _S.ACCEPTED, _O.TRANSFER): Transition(_S.INVITED),
        # A transfer to a queue, a group or a skill names no agent to invite yet.
        (_IN, _S.ACCEPTED, _O.REQUEUE): Transition(_S.QUEUED, by_agent=False),
        # A reply is a new interaction; the mail that it answers keeps its owner.
        (_IN, _S.ACCEPTED, _O.REPLY): Transition(_S.ACCEPTED),
        (_IN, _S.ACCEPTED, _O.REPLY_ALL): Transition(_S.ACCEPTED),
        (_IN, _S.ACCEPTED, _O.COMPLETE): Transition(_S.COMPLETED),
        (_IN, _S.ACCEPTED, _O.PLACE_IN_QUEUE): Transition(_S.QUEUED),
        (_IN, _S.ACCEPTED, _O.PLACE_IN_WORKBIN): Transition(_S.IN_WORKBIN),
        (_IN, _S.ACCEPTED, _O.UPDATE_PROPERTIES): Transition(_S.ACCEPTED),
        (_IN, _S.ACCEPTED, _O.FORWARD): Transition(_S.ACCEPTED, in_seed=False),
        # The customer's mail is sent on unchanged, which ends the work on it.
        (_IN, _S.ACCEPTED, _O.REDIRECT): Transition(_S.COMPLETED, in_seed=False),
        (_IN, _S.ACCEPTED, _O.ADD_COMMENT): Transition(_S.ACCEPTED, in_seed=False),
        (_IN, _S.ACCEPTED, _O.SET_DISPOSITION): Transition(_S.ACCEPTED, in_seed=False),
        # Its agent is absent, or has not changed it for hours.
        (_IN, _S.ACCEPTED, _O.RECLAIM): Transition(_S.QUEUED, by_agent=False),
        # An administrator says that a completed report is an ordinary mail.
        (_IN, _S.COMPLETED, _O.DISOWN): Transition(_S.QUEUED, by_agent=False),
        (_IN, _S.IN_WORKBIN, _O.PULL): Transition(_S.ACCEPTED),
        # Nobody can read the workbin any more: the workbin, its group or its agent was removed.
        (_IN, _S.IN_WORKBIN, _O.RECLAIM): Transition(_S.QUEUED, by_agent=False),
        (_OUT, _S.IN_WORKBIN, _O.RECLAIM): Transition(_S.QUEUED, by_agent=False),
        (_OUT, _S.REPLY_CREATED, _O.CANCEL): Transition(_S.CANCELED),
        (_OUT, _S.REPLY_CREATED, _O.SEND): Transition(_S.SENDING),
        (_OUT, _S.REPLY_CREATED, _O.PLACE_IN_WORKBIN): Transition(_S.IN_WORKBIN),
        (_OUT, _S.REPLY_CREATED, _O.UPDATE_PROPERTIES): Transition(_S.REPLY_CREATED),
        (_OUT, _S.REPLY_CREATED, _O.LINK_ATTACHMENT): Transition(_S.REPLY_CREATED),
        (_OUT, _S.REPLY_CREATED, _O.SAVE): Transition(_S.REPLY_CREATED, in_seed=False),
        (_OUT, _S.REPLY_CREATED, _O.TRANSFER): Transition(_S.INVITED, in_seed=False),
        (_OUT, _S.REPLY_CREATED, _O.REQUEUE): Transition(_S.QUEUED, by_agent=False),
        (_OUT, _S.REPLY_CREATED, _O.PLACE_IN_QUEUE): Transition(_S.QUEUED, in_seed=False),
        (_OUT, _S.REPLY_CREATED, _O.ADD_COMMENT): Transition(_S.REPLY_CREATED, in_seed=False),
        (_OUT, _S.REPLY_CREATED, _O.SET_DISPOSITION): Transition(_S.REPLY_CREATED, in_seed=False),
        # An abandoned draft is not offered to other agents: it waits in its author's workbin.
        (_OUT, _S.REPLY_CREATED, _O.RECLAIM): Transition(_S.IN_WORKBIN, by_agent=False),
        (_OUT, _S.IN_WORKBIN, _O.PULL): Transition(_S.REPLY_CREATED),
        # A queued draft is offered like any other work.
        (_OUT, _S.QUEUED, _O.INVITE): Transition(_S.INVITED, by_agent=False),
        (_OUT, _S.INVITED, _O.ACCEPT): Transition(_S.REPLY_CREATED),
        (_OUT, _S.QUEUED, _O.ACCEPT_MISSED): Transition(_S.REPLY_CREATED, by_agent=False),
        (_OUT, _S.INVITED, _O.ACCEPT_MISSED): Transition(_S.REPLY_CREATED, by_agent=False),
        (_OUT, _S.INVITED, _O.REJECT): Transition(_S.QUEUED),
        (_OUT, _S.INVITED, _O.EXTEND_INVITATION): Transition(_S.INVITED, in_seed=False),
        (_OUT, _S.INVITED, _O.REVOKE): Transition(_S.QUEUED, by_agent=False),
        (_OUT, _S.INVITED, _O.RETURN): Transition(_S.REPLY_CREATED, by_agent=False),
        # Only while the delivery waits for an attempt; the delivery's own state decides.
        (_OUT, _S.SENDING, _O.CANCEL): Transition(_S.CANCELED, in_seed=False),
        (_OUT, _S.SENDING, _O.DELIVER): Transition(_S.SENT, by_agent=False),
        # A mail that no server takes becomes a draft again, so that its author can correct it.
        (_OUT, _S.SENDING, _O.FAIL): Transition(_S.REPLY_CREATED, by_agent=False),
        # Nobody has written an automatic mail, so nobody could correct it.
        (_OUT, _S.SENDING, _O.GIVE_UP): Transition(_S.CANCELED, by_agent=False),
        # The answer to the final dot was lost: it may or may not have been delivered.
        (_OUT, _S.SENDING, _O.DOUBT): Transition(_S.UNCERTAIN, by_agent=False),
        # An operator has it sent again, or has found out what became of it.
        (_OUT, _S.UNCERTAIN, _O.RESEND): Transition(_S.SENDING, by_agent=False),
        (_OUT, _S.UNCERTAIN, _O.DELIVER): Transition(_S.SENT, by_agent=False),
        (_OUT, _S.UNCERTAIN, _O.FAIL): Transition(_S.REPLY_CREATED, by_agent=False),
        (_OUT, _S.UNCERTAIN, _O.GIVE_UP): Transition(_S.CANCELED, by_agent=False),
        # A server reports on the mail, perhaps before the answer to the dot is recorded.
        (_OUT, _S.SENDING, _O.REPORT): Transition(_S.SENDING, by_agent=False),
        (_OUT, _S.SENT, _O.REPORT): Transition(_S.SENT, by_agent=False),
        (_OUT, _S.UNCERTAIN, _O.REPORT): Transition(_S.UNCERTAIN, by_agent=False),
    }
)


WORKED_ON: Final = (State.ACCEPTED, State.REPLY_CREATED)
"""The states in which an agent owns an interaction and works on it."""

TAKING_A_PLACE: Final = (State.INVITED, State.ACCEPTED)
"""The states that count against an agent's capacity. Writing a draft takes no place."""


def advance(direction: Direction, state: State, operation: Operation) -> State:
    """Return the state that follows an operation.

    Raises:
        OperationNotAllowedError: The table has no such transition.
    """
    step = TRANSITIONS.get((direction, state, operation))
    if step is None:
        message = f"{operation} is not possible in state {state}"
        raise OperationNotAllowedError(message, state=state.value)
    return step.to


AGENT_OPERATIONS: Final = frozenset(
    operation for (_, _, operation), step in TRANSITIONS.items() if step.by_agent
)
"""The operations that agents may ask for in some state. The system alone does the others."""


@cache
def allowed(
    direction: Direction, state: State, *, in_seed: bool | None = True
) -> tuple[Operation, ...]:
    """List the operations that the holder may ask for in a state, in the order of the table.

    With `in_seed` these are only those that seed 003 lists, with False only the others, with None
    all of them.
    """
    return tuple(
        operation
        for (way, at, operation), step in TRANSITIONS.items()
        if way is direction and at is state and step.by_agent and in_seed in (None, step.in_seed)
    )
