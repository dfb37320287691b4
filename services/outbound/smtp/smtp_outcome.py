"""The outcome of a transaction for each recipient and for the whole mail. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from services.outbound.smtp.transmission import Phase, Reply, Transmission
from shared.domain.deliveries.delivery import (
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
"""Characters of reply text kept for all recipients of a mail, and at least for each."""
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

    `retry_at` is the time of a next attempt, None if there is none left. With `resend`, a
    doubtful attempt is repeated with the same octets; without it the mail is held in doubt.
    """
    recipients = _with_texts_cut(
        [_recipient_outcome(one, transmission, now) for one in delivery.recipients]
    )
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
        recipients = tuple(_failed_if_open(one) for one in recipients)
    return _ended(recipients, now, resent=delivery.resent)


def recipients_before_dot(
    delivery: Delivery, answers: Mapping[str, Reply], now: datetime
) -> tuple[Recipient, ...]:
    """Return the recipients with their replies to RCPT, as recorded before the final dot."""
    so_far = Transmission(Phase.DOT, answers)
    return _with_texts_cut([_recipient_outcome(one, so_far, now) for one in delivery.recipients])


def recipients_without_texts(recipients: Iterable[Recipient]) -> tuple[Recipient, ...]:
    """Return the recipients without reply texts, for a database that refused to store these."""
    return tuple(replace(one, text=_UNSTORABLE if one.code else "") for one in recipients)


def without_server_texts(conclusion: Conclusion) -> Conclusion:
    """Return the same conclusion without any text of the server."""
    reason = _UNSTORABLE if conclusion.reason else ""
    return replace(
        conclusion, recipients=recipients_without_texts(conclusion.recipients), reason=reason
    )


def uncertain_outcome(delivery: Delivery, now: datetime, retry_at: datetime | None) -> Conclusion:
    """Return the conclusion of an attempt whose final dot may have been sent and has no answer.

    With `retry_at`, a mail that has not been resent yet is tried once more at that time. Any
    other is in doubt until an operator decides. Automatic mail has failed: nobody misses it, and
    it must not come twice.
    """
    if delivery.is_automatic:
        failed = tuple(
            replace(one, state=RecipientState.FAILED, text=_LOST) if one.is_open else one
            for one in delivery.recipients
        )
        return Conclusion(DeliveryState.FAILED, failed, _LOST, now)
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


def _recipient_outcome(
    recipient: Recipient, transmission: Transmission, now: datetime
) -> Recipient:
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
        state=_state_after(reply, transmission.phase),
        code=reply.code,
        text=reply.text,
        at=now,
    )


def _state_after(reply: Reply, phase: Phase) -> RecipientState:
    # A refusal before MAIL concerns the route, not this mail. The mail waits until the operator
    # has corrected the route.
    if reply.is_permanent and phase is not Phase.CONNECT:
        return RecipientState.FAILED
    if reply.is_positive and phase is Phase.DOT:
        return RecipientState.ACCEPTED
    return RecipientState.DEFERRED


def _failed_if_open(recipient: Recipient) -> Recipient:
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


def _with_texts_cut(recipients: Sequence[Recipient]) -> tuple[Recipient, ...]:
    """Cut the reply texts so that those of all recipients fit into one document."""
    share = max(_FEWEST_WORDS, _WORDS_IN_ALL // max(1, len(recipients)))
    return tuple(replace(one, text=storable(one.text, share)) for one in recipients)
