"""The delivery of one outbound mail: its state, and the steps that may follow.

An SMTP server takes a mail with its answer to the final dot (RFC 5321 section 4.1.1.4). The state
DOT_PENDING is therefore stored before the dot is sent. A delivery found in that state is never sent
again automatically; a delivery in an earlier state may be.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from shared.domain.storable_text import storable


class DeliveryState(StrEnum):
    """The state of a delivery."""

    QUEUED = "QUEUED"
    CLAIMED = "CLAIMED"
    DOT_PENDING = "DOT_PENDING"
    SENT = "SENT"
    DEFERRED = "DEFERRED"
    FAILED = "FAILED"
    UNCERTAIN = "UNCERTAIN"
    CANCELED = "CANCELED"


class Step(StrEnum):
    """A step that changes the state of a delivery."""

    CLAIM = "claim"
    OFFER_DOT = "offer-dot"
    ACCEPT = "accept"
    DEFER = "defer"
    FAIL = "fail"
    DOUBT = "doubt"
    RESEND = "resend"
    CONFIRM = "confirm"
    DENY = "deny"
    MISTRUST = "mistrust"
    CANCEL = "cancel"


_J: Final = DeliveryState
_E: Final = Step

TRANSITIONS: Final[Mapping[tuple[DeliveryState, Step], DeliveryState]] = MappingProxyType(
    {
        (_J.QUEUED, _E.CLAIM): _J.CLAIMED,
        (_J.DEFERRED, _E.CLAIM): _J.CLAIMED,
        # Its lease has ended. The process that had it never sent the dot, so nothing was sent.
        (_J.CLAIMED, _E.CLAIM): _J.CLAIMED,
        (_J.CLAIMED, _E.OFFER_DOT): _J.DOT_PENDING,
        # The last open recipients are refused while others were reached by an earlier attempt.
        (_J.CLAIMED, _E.ACCEPT): _J.SENT,
        (_J.CLAIMED, _E.DEFER): _J.DEFERRED,
        (_J.CLAIMED, _E.FAIL): _J.FAILED,
        (_J.DOT_PENDING, _E.ACCEPT): _J.SENT,
        (_J.DOT_PENDING, _E.DEFER): _J.DEFERRED,
        (_J.DOT_PENDING, _E.FAIL): _J.FAILED,
        # There is no (DOT_PENDING, CLAIM): after the lease the only step is DOUBT.
        (_J.DOT_PENDING, _E.DOUBT): _J.UNCERTAIN,
        # The process that held the claim was only paused, and got the server's answer after all.
        # The write compares the claim, so it cannot change an attempt that began since.
        (_J.UNCERTAIN, _E.ACCEPT): _J.SENT,
        (_J.UNCERTAIN, _E.FAIL): _J.FAILED,
        (_J.DEFERRED, _E.ACCEPT): _J.SENT,
        (_J.DEFERRED, _E.FAIL): _J.FAILED,
        # The author cancels a mail that waits. A claimed mail may be in an SMTP session already.
        (_J.QUEUED, _E.CANCEL): _J.CANCELED,
        (_J.DEFERRED, _E.CANCEL): _J.CANCELED,
        # The database was restored: a mail that was due in the backup may have been sent since.
        (_J.QUEUED, _E.MISTRUST): _J.UNCERTAIN,
        (_J.CLAIMED, _E.MISTRUST): _J.UNCERTAIN,
        (_J.DOT_PENDING, _E.MISTRUST): _J.UNCERTAIN,
        (_J.DEFERRED, _E.MISTRUST): _J.UNCERTAIN,
        # Every other way out of UNCERTAIN is a decision of an operator.
        (_J.UNCERTAIN, _E.RESEND): _J.QUEUED,
        (_J.UNCERTAIN, _E.CONFIRM): _J.SENT,
        (_J.UNCERTAIN, _E.DENY): _J.FAILED,
    }
)

_FOUND_OUT: Final = "found out by an operator"
_RESTORED: Final = "it was due when the backup was taken, and may have left since"
_LONGEST_REASON: Final = 500

STEP_FOR: Final[Mapping[DeliveryState, Step]] = MappingProxyType(
    {
        _J.SENT: _E.ACCEPT,
        _J.DEFERRED: _E.DEFER,
        _J.FAILED: _E.FAIL,
        _J.UNCERTAIN: _E.DOUBT,
    }
)
"""The step that ends an attempt, by the state that follows."""


def states_before(step: Step) -> tuple[DeliveryState, ...]:
    """List the states in which a step may be written."""
    return tuple(state for (state, one) in TRANSITIONS if one is step)


class RecipientState(StrEnum):
    """The delivery state of one recipient."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    FAILED = "failed"
    DELAYED = "delayed"
    BOUNCED = "bounced"
    DELIVERED = "delivered"
    COMPLAINED = "complained"
    """The last four follow from reports; a delivery is never stored with them."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """An envelope recipient and the last SMTP reply about it: code (0: none), text, time."""

    address: str
    state: RecipientState = RecipientState.PENDING
    code: int = 0
    text: str = ""
    at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Say whether the next attempt includes this recipient."""
        return self.state in (RecipientState.PENDING, RecipientState.DEFERRED)


def reason_of(recipients: Iterable[Recipient]) -> str:
    """Return the replies about some recipients as one text for the author of the mail."""
    return storable("; ".join(map(_reply_text, recipients)), _LONGEST_REASON)


def _reply_text(recipient: Recipient) -> str:
    code = [str(recipient.code)] if recipient.code else []
    return " ".join([f"{recipient.address}:", *code, recipient.text])


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that has ended, and the state it ended in."""

    number: int
    began_at: datetime
    ended_at: datetime
    ended_as: DeliveryState
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """The delivery of one outbound interaction's mail; its id is the interaction's.

    `next_attempt_at` is when a worker has to look at it again: the next attempt of a deferred
    delivery, the end of the lease of a claimed one, some minutes for a new one, whose command the
    broker may lose. `claimed_by` is the id of one claim, not of a process. `resent` means that it
    was sent again after its outcome had been uncertain.
    """

    id: str
    agent_id: str
    message_id: str
    sender: str
    recipients: tuple[Recipient, ...]
    queued_at: datetime
    correlation_id: str = ""
    state: DeliveryState = DeliveryState.QUEUED
    attempt: int = 0
    claimed_by: str = ""
    claimed_at: datetime | None = None
    lease_until: datetime | None = None
    next_attempt_at: datetime | None = None
    resent: bool = False
    reason: str = ""
    attempts: tuple[Attempt, ...] = ()

    @property
    def open_recipients(self) -> tuple[Recipient, ...]:
        """The recipients of the next attempt."""
        return tuple(one for one in self.recipients if one.is_open)

    @property
    def is_automatic(self) -> bool:
        """Say whether no agent has written it, which the null sender shows.

        After a doubt only an operator sends it again.
        """
        return not self.sender

    @property
    def may_be_canceled(self) -> bool:
        """Say whether it waits for an attempt, so that no SMTP session has it now."""
        return (self.state, Step.CANCEL) in TRANSITIONS


@dataclass(frozen=True, slots=True)
class Conclusion:
    """The end of an attempt: the next state, the recipients' states, the reason for the author."""

    state: DeliveryState
    recipients: tuple[Recipient, ...]
    reason: str
    at: datetime
    next_attempt_at: datetime | None = None
    resent: bool = False


def concluded(delivery: Delivery, conclusion: Conclusion) -> Delivery:
    """Return a delivery after its present attempt has ended."""
    attempt = Attempt(
        delivery.attempt,
        delivery.claimed_at or conclusion.at,
        conclusion.at,
        conclusion.state,
        conclusion.reason,
    )
    return replace(
        delivery,
        state=conclusion.state,
        recipients=conclusion.recipients,
        reason=conclusion.reason,
        resent=conclusion.resent,
        lease_until=None,
        next_attempt_at=conclusion.next_attempt_at,
        attempts=(*delivery.attempts, attempt),
    )


def resolved(delivery: Delivery, at: datetime, *, sent: bool) -> Conclusion:
    """Return the conclusion of an uncertain delivery that an operator has investigated.

    `sent` is what the operator found: whether the next server has the mail.
    """
    step, recipient_state = (
        (Step.CONFIRM, RecipientState.ACCEPTED) if sent else (Step.DENY, RecipientState.FAILED)
    )
    recipients = tuple(
        replace(one, state=recipient_state, code=0, text=_FOUND_OUT, at=at) if one.is_open else one
        for one in delivery.recipients
    )
    reason = reason_of(one for one in recipients if one.state is RecipientState.FAILED)
    state = TRANSITIONS[delivery.state, step]
    return Conclusion(state, recipients, reason, at, resent=delivery.resent)


def mistrusted(delivery: Delivery, at: datetime) -> Conclusion:
    """Return the conclusion UNCERTAIN for a delivery that is unfinished in a restored backup."""
    return Conclusion(
        TRANSITIONS[delivery.state, Step.MISTRUST],
        delivery.recipients,
        _RESTORED,
        at,
        resent=delivery.resent,
    )
