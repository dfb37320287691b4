"""The delivery of a sent mail, as JSON for readers of the mail."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from services.gateway.wire.fields import Fields, timestamp
from shared.domain.deliveries.delivery import Delivery, DeliveryState, RecipientState
from shared.domain.deliveries.delivery_report import (
    DeliveryReport,
    ReportedRecipient,
    reported_recipients,
)

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
_RECIPIENT_STATES: Final[Mapping[RecipientState, str]] = MappingProxyType(
    {
        RecipientState.PENDING: "Waiting",
        RecipientState.ACCEPTED: "Accepted",
        RecipientState.DEFERRED: "Deferred",
        RecipientState.FAILED: "Refused",
        RecipientState.DELAYED: "Delayed",
        RecipientState.BOUNCED: "Bounced",
        RecipientState.DELIVERED: "Delivered",
        RecipientState.COMPLAINED: "Complained",
    }
)
DELIVERY_STATES: Final = tuple(dict.fromkeys(_STATES.values()))
RECIPIENT_STATES: Final = tuple(_RECIPIENT_STATES.values())


def delivery_fields(
    delivery: Delivery, reports: Sequence[DeliveryReport] = (), root: str = ""
) -> Fields:
    """Return a delivery: its state, its attempts, each recipient, and the reports since.

    `root` is the address of the API, for the links to the reports.
    """
    fields: Fields = {
        "state": _STATES[delivery.state],
        "attempts": delivery.attempt,
        "recipients": [_recipient(one) for one in reported_recipients(delivery, reports)],
    }
    if reports:
        fields["reports"] = [f"{root}/ucs/interactions/{one.interaction_id}" for one in reports]
    if delivery.reason:
        fields["reason"] = delivery.reason
    if delivery.state is DeliveryState.DEFERRED and delivery.next_attempt_at is not None:
        fields["nextAttemptAt"] = timestamp(delivery.next_attempt_at)
    return fields


def _recipient(one: ReportedRecipient) -> Fields:
    answer = {"code": one.code or None, "text": one.text or None}
    at = {"at": timestamp(one.at)} if one.at else {}
    answered = {name: value for name, value in answer.items() if value is not None}
    reported: Fields = {"status": one.status} if one.status else {}
    if not one.is_proven:
        reported["proven"] = False
    state = _RECIPIENT_STATES[one.state]
    return {"address": one.address, "state": state, **answered, **reported, **at}
