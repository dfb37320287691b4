"""Maps deliveries to documents and back."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from typing import Final

from shared.domain.deliveries.delivery import (
    Attempt,
    Delivery,
    DeliveryState,
    Recipient,
    RecipientState,
)
from shared.storage.database.client import Document
from shared.storage.files.vault import ContentRef

UNSETTLED: Final = tuple(
    one for one in DeliveryState if one not in (DeliveryState.SENT, DeliveryState.CANCELED)
)
"""The states of deliveries that may still need work: few beside all that were sent."""

HAS_LEFT: Final = (DeliveryState.DOT_PENDING, DeliveryState.SENT, DeliveryState.UNCERTAIN)
"""The states of deliveries that another server has, or may have."""

IS_WRITTEN: Final[Document] = {"sender": {"$gt": ""}}
"""The filter of the index `written-to`: mails that are not automatic."""

IS_UNSETTLED: Final[Document] = {"state": {"$in": [state.value for state in UNSETTLED]}}
"""The filter of the index `unsettled`."""


def unsettled(states: Iterable[DeliveryState]) -> Document:
    """Return a filter for some of the states of `UNSETTLED`.

    It repeats the filter of the index, because MongoDB 6.0 does not see that fewer states imply it.
    """
    return {"$and": [{"state": {"$in": [state.value for state in states]}}, IS_UNSETTLED]}


def concluding(after: Delivery) -> Document:
    """Return the update that ends an attempt; `after` is the delivery after it."""
    gone = {"lease_until": "", "summoned_at": ""}
    if after.next_attempt_at is None:
        gone["next_attempt_at"] = ""
    return {
        "$set": {
            "state": after.state.value,
            "recipients": to_recipients(after.recipients),
            "reason": after.reason,
            "resent": after.resent,
        }
        | ({"next_attempt_at": after.next_attempt_at} if after.next_attempt_at else {}),
        "$unset": gone,
        "$push": {"attempts": _plain(asdict(after.attempts[-1]))},
    }


def to_recipients(recipients: Sequence[Recipient]) -> list[Document]:
    """Return the recipients as they are stored."""
    return [_plain(asdict(one)) for one in recipients]


def to_document(delivery: Delivery) -> Document:
    """Return the fields to store, `_id` among them; fields that are None are left out."""
    document = _plain(asdict(delivery))
    return {"_id": document.pop("id")} | {
        name: value for name, value in document.items() if value is not None
    }


def to_delivery(document: Document) -> Delivery:
    """Return the delivery that a document holds."""
    names = {field.name for field in fields(Delivery)}
    values = {name: value for name, value in document.items() if name in names}
    return Delivery(
        id=document["_id"],
        **values
        | {
            "state": DeliveryState(document["state"]),
            "recipients": tuple(
                Recipient(**one | {"state": RecipientState(one["state"])})
                for one in document["recipients"]
            ),
            "attempts": tuple(
                Attempt(**one | {"ended_as": DeliveryState(one["ended_as"])})
                for one in document["attempts"]
            ),
        },
    )


def _plain(values: Document) -> Document:
    """Return nested values with tuples as lists and members of enumerations as their text."""
    return {name: _plain_value(value) for name, value in values.items()}


def _plain_value(value: object) -> object:
    match value:
        case dict():
            return _plain(value)
        case tuple() | list():
            return [_plain_value(one) for one in value]
        case DeliveryState() | RecipientState():
            return value.value
    return value


def to_raw(raw: bytes | ContentRef) -> object:
    """Return the octets, or their reference in the vault, as stored."""
    return raw if isinstance(raw, bytes) else asdict(raw)


def from_raw(stored: bytes | Document) -> bytes | ContentRef:
    """Return the stored octets, or their reference in the vault."""
    return stored if isinstance(stored, bytes) else ContentRef(**stored)
