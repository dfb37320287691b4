"""The journal of one outbound mail: what is known of it, and what may be written next.

SMTP says "taken" only in its answer to the final dot. So the journal is written before the dot:
a mail found there is never sent again by itself, one found before it always may be.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from shared.domain.storable_text import storable


class DeliveryState(StrEnum):
    """Where a delivery is."""

    QUEUED = "QUEUED"
    CLAIMED = "CLAIMED"
    DOT_PENDING = "DOT_PENDING"
    SENT = "SENT"
    DEFERRED = "DEFERRED"
    FAILED = "FAILED"
    UNCERTAIN = "UNCERTAIN"
    CANCELED = "CANCELED"


class Step(StrEnum):
    """What is written into the journal."""

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
        # Its lease has ended: whoever had it never came to the dot, so nothing was sent.
        (_J.CLAIMED, _E.CLAIM): _J.CLAIMED,
        (_J.CLAIMED, _E.OFFER_DOT): _J.DOT_PENDING,
        # The last open recipients are refused while others were reached by an earlier attempt.
        (_J.CLAIMED, _E.ACCEPT): _J.SENT,
        (_J.CLAIMED, _E.DEFER): _J.DEFERRED,
        (_J.CLAIMED, _E.FAIL): _J.FAILED,
        (_J.DOT_PENDING, _E.ACCEPT): _J.SENT,
        (_J.DOT_PENDING, _E.DEFER): _J.DEFERRED,
        (_J.DOT_PENDING, _E.FAIL): _J.FAILED,
        # There is no (DOT_PENDING, CLAIM): who finds it after its lease may only doubt.
        (_J.DOT_PENDING, _E.DOUBT): _J.UNCERTAIN,
        # The claim that was doubted was only paused, and has the answer after all. The write
        # compares the claim, so that nothing is touched that somebody else has begun since.
        (_J.UNCERTAIN, _E.ACCEPT): _J.SENT,
        (_J.UNCERTAIN, _E.FAIL): _J.FAILED,
        (_J.DEFERRED, _E.ACCEPT): _J.SENT,
        (_J.DEFERRED, _E.FAIL): _J.FAILED,
        # Its author takes back what waits for an attempt; a claimed mail may be in a session.
        (_J.QUEUED, _E.CANCEL): _J.CANCELED,
        (_J.DEFERRED, _E.CANCEL): _J.CANCELED,
        # The database was restored: what was due when the backup was taken may have left since.
        (_J.QUEUED, _E.MISTRUST): _J.UNCERTAIN,
        (_J.CLAIMED, _E.MISTRUST): _J.UNCERTAIN,
        (_J.DOT_PENDING, _E.MISTRUST): _J.UNCERTAIN,
        (_J.DEFERRED, _E.MISTRUST): _J.UNCERTAIN,
        # Otherwise only an operator ends a doubt.
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
"""The step that ends an attempt, by the state it leaves behind."""


def states_before(step: Step) -> tuple[DeliveryState, ...]:
    """List the states in which a step may be written."""
    return tuple(state for (state, one) in TRANSITIONS if one is step)


class RecipientState(StrEnum):
    """What is known of one recipient."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Recipient:
    """An envelope recipient, with the last answer about it: reply code (0: none), text, time."""

    address: str
    state: RecipientState = RecipientState.PENDING
    code: int = 0
    text: str = ""
    at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Say whether the next attempt is for it."""
        return self.state in (RecipientState.PENDING, RecipientState.DEFERRED)


def reason_of(recipients: Iterable[Recipient]) -> str:
    """Return what was answered about some recipients, as the author is told it."""
    return storable("; ".join(map(_said, recipients)), _LONGEST_REASON)


def _said(recipient: Recipient) -> str:
    code = [str(recipient.code)] if recipient.code else []
    return " ".join([f"{recipient.address}:", *code, recipient.text])


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt that has ended."""

    number: int
    began_at: datetime
    ended_at: datetime
    ended_as: DeliveryState
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """The journal of one outbound interaction's mail; its id is the interaction's.

    `next_attempt_at` is when somebody has to look at it again: the next attempt of a deferred
    one, the end of the lease of a claimed one, some minutes for one whose order may be lost.
    `claimed_by` names one claim, not one process.
    `resent` says that it was sent once more after a doubt.
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
        """Those whom the next attempt is for."""
        return tuple(one for one in self.recipients if one.is_open)

    @property
    def may_be_canceled(self) -> bool:
        """Say whether it waits for an attempt: nobody is handing it to a server now."""
        return (self.state, Step.CANCEL) in TRANSITIONS


@dataclass(frozen=True, slots=True)
class Conclusion:
    """How an attempt ended: what is written into the journal, and what the author is told."""

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
    """Return how a delivery in doubt ends by the word of an operator who has looked into it."""
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
    """Return the doubt about a delivery that a restored backup says is still to be made."""
    return Conclusion(
        TRANSITIONS[delivery.state, Step.MISTRUST],
        delivery.recipients,
        _RESTORED,
        at,
        resent=delivery.resent,
    )
