"""What became of a mail at the next mail server, as readers of the mail see it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from services.gateway.wire.mail import Fields
from services.gateway.wire.messages import timestamp
from shared.domain.delivery import Delivery, DeliveryState, Recipient, RecipientState

_STATES: Final[Mapping[DeliveryState, str]] = MappingProxyType(
    {
        DeliveryState.QUEUED: "Waiting",
        DeliveryState.CLAIMED: "Waiting",
        DeliveryState.DOT_PENDING: "Waiting",
        DeliveryState.DEFERRED: "Deferred",
        DeliveryState.SENT: "Sent",
        DeliveryState.FAILED: "Failed",
        DeliveryState.UNCERTAIN: "Uncertain",
        DeliveryState.CANCELED: "Canceled",
    }
)
_RECEPTIONS: Final[Mapping[RecipientState, str]] = MappingProxyType(
    {
        RecipientState.PENDING: "Waiting",
        RecipientState.ACCEPTED: "Accepted",
        RecipientState.DEFERRED: "Deferred",
        RecipientState.FAILED: "Refused",
    }
)
DELIVERY_STATES: Final = tuple(dict.fromkeys(_STATES.values()))
RECEPTION_STATES: Final = tuple(_RECEPTIONS.values())


def delivery_fields(delivery: Delivery) -> Fields:
    """Return how far a delivery has got, and what was said about whom."""
    fields: Fields = {
        "state": _STATES[delivery.state],
        "attempts": delivery.attempt,
        "recipients": [_recipient(one) for one in delivery.recipients],
    }
    if delivery.reason:
        fields["reason"] = delivery.reason
    if delivery.state is DeliveryState.DEFERRED and delivery.next_attempt_at is not None:
        fields["nextAttemptAt"] = timestamp(delivery.next_attempt_at)
    return fields


def _recipient(one: Recipient) -> Fields:
    answer = {"code": one.code or None, "text": one.text or None}
    at = {"at": timestamp(one.at)} if one.at else {}
    said = {name: value for name, value in answer.items() if value is not None}
    return {"address": one.address, "state": _RECEPTIONS[one.state], **said, **at}
