"""What a transaction means for each recipient, and for the mail as a whole. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from services.outbound.transmission import Phase, Reply, Transmission
from shared.domain.delivery import Conclusion, Delivery, Journal, Reception, Recipient

_LONGEST_REASON: Final = 500
_LOST: Final = (
    "the connection to the mail server was lost after the mail had been handed over: "
    "it may or may not have been delivered"
)


def judge(
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
    recipients = tuple(_judged(one, transmission, now) for one in delivery.recipients)
    if transmission.is_doubtful:
        return doubted(replace(delivery, recipients=recipients), now, retry_at if resend else None)
    if any(one.is_open for one in recipients):
        if retry_at is not None:
            reason = _reason(one for one in recipients if one.is_open)
            return Conclusion(
                Journal.DEFERRED, recipients, reason, now, retry_at, resent=delivery.resent
            )
        recipients = tuple(_given_up(one) for one in recipients)
    return _ended(recipients, now, resent=delivery.resent)


def answered(
    delivery: Delivery, answers: Mapping[str, Reply], now: datetime
) -> tuple[Recipient, ...]:
    """Return the recipients as they are known just before the dot."""
    so_far = Transmission(Phase.DOT, answers)
    return tuple(_judged(one, so_far, now) for one in delivery.recipients)


def doubted(delivery: Delivery, now: datetime, retry_at: datetime | None) -> Conclusion:
    """Return what follows where the dot may have been sent and nobody knows the answer.

    With `retry_at`, a mail that has not been resent yet is tried once more at that time.
    """
    if retry_at is None or delivery.resent:
        return Conclusion(
            Journal.UNCERTAIN, delivery.recipients, _LOST, now, resent=delivery.resent
        )
    return Conclusion(
        Journal.DEFERRED,
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
        return replace(recipient, state=Reception.PENDING, at=now)
    reply = answer if answer and not answer.is_positive else transmission.reply
    if reply is None:
        return replace(recipient, state=Reception.DEFERRED, code=0, text=transmission.fault, at=now)
    return replace(
        recipient,
        state=_reception(reply, transmission.phase),
        code=reply.code,
        text=reply.text,
        at=now,
    )


def _reception(reply: Reply, phase: Phase) -> Reception:
    # A refusal before MAIL is about us and the route, not about the mail: it is kept, and the
    # operator has to act.
    if reply.is_permanent and phase is not Phase.CONNECT:
        return Reception.FAILED
    if reply.is_positive and phase is Phase.DOT:
        return Reception.ACCEPTED
    return Reception.DEFERRED


def _given_up(recipient: Recipient) -> Recipient:
    return replace(recipient, state=Reception.FAILED) if recipient.is_open else recipient


def _ended(recipients: Sequence[Recipient], now: datetime, *, resent: bool) -> Conclusion:
    reached = any(one.state is Reception.ACCEPTED for one in recipients)
    return Conclusion(
        Journal.SENT if reached else Journal.FAILED,
        tuple(recipients),
        _reason(one for one in recipients if one.state is Reception.FAILED),
        now,
        resent=resent,
    )


def _reason(recipients: Iterable[Recipient]) -> str:
    return "; ".join(map(_said, recipients))[:_LONGEST_REASON]


def _said(recipient: Recipient) -> str:
    code = [str(recipient.code)] if recipient.code else []
    return " ".join([f"{recipient.address}:", *code, recipient.text])
