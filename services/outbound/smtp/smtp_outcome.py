"""What a transaction means for each recipient, and for the mail as a whole. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from services.outbound.smtp.transmission import Phase, Reply, Transmission
from shared.domain.delivery import (
    Conclusion,
    Delivery,
    DeliveryState,
    Recipient,
    RecipientState,
    reason_of,
)
from shared.domain.storable_text import storable

_WORDS_IN_ALL: Final = 200_000
_FEWEST_WORDS: Final = 40
"""Characters of what is said about all recipients of a mail, and about each of very many."""
_UNSTORABLE: Final = "the mail server's words could not be stored"
_LOST: Final = (
    "the connection to the mail server was lost after the mail had been handed over: "
    "it may or may not have been delivered"
)


def outcome_of(
    delivery: Delivery,
    transmission: Transmission,
    *,
    now: datetime,
    retry_at: datetime | None,
    resend: bool = False,
) -> Conclusion:
    """Return how an attempt ended.

    `retry_at` is when the next attempt would be, None where there is none left. `resend` says
    what a doubtful attempt leads to: one more with the same octets, or a mail that is held.
    """
    recipients = _fitting([_judged(one, transmission, now) for one in delivery.recipients])
    if transmission.is_doubtful:
        return uncertain_outcome(
            replace(delivery, recipients=recipients), now, retry_at if resend else None
        )
    if any(one.is_open for one in recipients):
        if retry_at is not None:
            reason = reason_of(one for one in recipients if one.is_open)
            return Conclusion(
                DeliveryState.DEFERRED, recipients, reason, now, retry_at, resent=delivery.resent
            )
        recipients = tuple(_given_up(one) for one in recipients)
    return _ended(recipients, now, resent=delivery.resent)


def answered(
    delivery: Delivery, answers: Mapping[str, Reply], now: datetime
) -> tuple[Recipient, ...]:
    """Return the recipients as they are known just before the dot."""
    so_far = Transmission(Phase.DOT, answers)
    return _fitting([_judged(one, so_far, now) for one in delivery.recipients])


def without_words(recipients: Iterable[Recipient]) -> tuple[Recipient, ...]:
    """Return the recipients with their outcomes alone, where the database refuses the rest."""
    return tuple(replace(one, text=_UNSTORABLE if one.code else "") for one in recipients)


def concluded_without_words(conclusion: Conclusion) -> Conclusion:
    """Return a conclusion with the same outcome and nothing that a server said."""
    reason = _UNSTORABLE if conclusion.reason else ""
    return replace(conclusion, recipients=without_words(conclusion.recipients), reason=reason)


def uncertain_outcome(delivery: Delivery, now: datetime, retry_at: datetime | None) -> Conclusion:
    """Return what follows where the dot may have been sent and nobody knows the answer.

    With `retry_at`, a mail that has not been resent yet is tried once more at that time.
    """
    if retry_at is None or delivery.resent:
        return Conclusion(
            DeliveryState.UNCERTAIN, delivery.recipients, _LOST, now, resent=delivery.resent
        )
    return Conclusion(
        DeliveryState.DEFERRED,
        delivery.recipients,
        f"{_LOST}; it is sent once more",
        now,
        retry_at,
        resent=True,
    )


def _judged(recipient: Recipient, transmission: Transmission, now: datetime) -> Recipient:
    if not recipient.is_open:
        return recipient
    answer = transmission.recipients.get(recipient.address)
    if transmission.is_doubtful and (answer is None or answer.is_positive):
        return replace(recipient, state=RecipientState.PENDING, at=now)
    reply = answer if answer and not answer.is_positive else transmission.reply
    if reply is None:
        return replace(
            recipient, state=RecipientState.DEFERRED, code=0, text=transmission.fault, at=now
        )
    return replace(
        recipient,
        state=_reception(reply, transmission.phase),
        code=reply.code,
        text=reply.text,
        at=now,
    )


def _reception(reply: Reply, phase: Phase) -> RecipientState:
    # A refusal before MAIL is about us and the route, not about the mail: it is kept, and the
    # operator has to act.
    if reply.is_permanent and phase is not Phase.CONNECT:
        return RecipientState.FAILED
    if reply.is_positive and phase is Phase.DOT:
        return RecipientState.ACCEPTED
    return RecipientState.DEFERRED


def _given_up(recipient: Recipient) -> Recipient:
    return replace(recipient, state=RecipientState.FAILED) if recipient.is_open else recipient


def _ended(recipients: Sequence[Recipient], now: datetime, *, resent: bool) -> Conclusion:
    reached = any(one.state is RecipientState.ACCEPTED for one in recipients)
    return Conclusion(
        DeliveryState.SENT if reached else DeliveryState.FAILED,
        tuple(recipients),
        reason_of(one for one in recipients if one.state is RecipientState.FAILED),
        now,
        resent=resent,
    )


def _fitting(recipients: Sequence[Recipient]) -> tuple[Recipient, ...]:
    """Cut what is said about each so that it fits into one document for all."""
    share = max(_FEWEST_WORDS, _WORDS_IN_ALL // max(1, len(recipients)))
    return tuple(replace(one, text=storable(one.text, share)) for one in recipients)
