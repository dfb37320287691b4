"""E-mail In and E-mail Out: an interaction as Context Services show it (seed 004)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from services.gateway.wire.delivery import delivery_fields
from services.gateway.wire.fields import Fields, timestamp
from services.gateway.wire.messages import user_data
from shared.domain.deliveries.delivery import Delivery
from shared.domain.deliveries.delivery_report import DeliveryReport
from shared.domain.interaction import Address, Interaction
from shared.domain.lifecycle import Direction, State
from shared.domain.set_aside import DISCARDED

_PENDING, _IN_PROCESS, _STOPPED = 1, 2, 3
_STATUS: Final[Mapping[State, int]] = MappingProxyType(
    {
        State.QUEUED: _PENDING,
        State.INVITED: _PENDING,
        State.IN_WORKBIN: _PENDING,
        State.ACCEPTED: _IN_PROCESS,
        State.REPLY_CREATED: _IN_PROCESS,
        State.SENDING: _IN_PROCESS,
        State.UNCERTAIN: _IN_PROCESS,
        State.COMPLETED: _STOPPED,
        State.SENT: _STOPPED,
        State.CANCELED: _STOPPED,
    }
)
_REASON: Final[Mapping[State, str]] = MappingProxyType(
    {State.COMPLETED: "Normal", State.SENT: "Sent", State.CANCELED: "Canceled"}
)
_ENTITY_TYPE: Final[Mapping[Direction, int]] = MappingProxyType(
    {Direction.INBOUND: 0, Direction.OUTBOUND: 1}
)
CREATORS: Final[Mapping[Direction, int]] = MappingProxyType(
    {Direction.INBOUND: 1, Direction.OUTBOUND: 2}
)
"""Ids of the creating applications: ingest for inbound mail, composition for outbound."""

_OWNER_DIGITS: Final = 7


@dataclass(frozen=True, slots=True)
class Contents:
    """The parts of a mail for agents who may read its text.

    `size` is that of the raw mail in bytes, None where there is none. `perhaps_related` are ids of
    mails in other threads that this one refers to and the reader may see. `delivery` is None for
    mails that were not sent, and `reports` are those on it. `root` is the URL of the API.
    """

    root: str
    size: int | None
    perhaps_related: Sequence[str] = ()
    delivery: Delivery | None = None
    reports: Sequence[DeliveryReport] = ()


def email_interaction(
    interaction: Interaction, changed_at: datetime | None, contents: Contents | None
) -> Fields:
    """Return an interaction in the form of seed 004; fields without a value are left out.

    `contents` is None for agents who may not read the text. They get no notes and no blind copies,
    and no Message-ID either: a mail that refers to it would count as part of the thread.
    """
    fields = {
        **_address_fields(interaction),
        "customer_id": interaction.contact_id or "",
        "interaction_id": interaction.id,
        "status": _STATUS[interaction.state],
        "entity_type": _ENTITY_TYPE[interaction.direction],
        "type": interaction.direction.value,
        "sub_type": interaction.subtype,
        "media_type": "email",
        "parent_id": interaction.parent_id,
        "thread_id": interaction.thread_id or interaction.id,
        "owner_id": owner_number(interaction.owner_id),
        "creator_app_id": CREATORS[interaction.direction],
        "start_date": timestamp(interaction.received_at),
        "end_date": _end(interaction, changed_at),
        "allow_children": True,
        "subject": interaction.mail.subject,
        "stopped_reason": _REASON.get(interaction.state),
        **(_content_fields(interaction, contents) if contents else {}),
    }
    return {name: value for name, value in fields.items() if value is not None}


def outline(mail: Interaction, root: str) -> Fields:
    """Return a mail without its content: whoever may read that reads it at `uri`."""
    return {**email_interaction(mail, None, None), "uri": f"{root}/ucs/interactions/{mail.id}"}


def discarded_mail(mail: Interaction, root: str, keep: timedelta | None) -> Fields:
    """Return a discarded mail without its content: why, and when it is deleted, if ever."""
    deleted = {} if keep is None else {"deletedAfter": timestamp(mail.received_at + keep)}
    return {**outline(mail, root), "reason": str(mail.user_data[DISCARDED]), **deleted}


def owner_number(agent_id: str | None) -> int | None:
    """Return the number of an agent in Context Services, derived from the id; None for None."""
    if agent_id is None:
        return None
    digits = agent_id[:_OWNER_DIGITS]
    try:
        return int(digits, 16)
    except ValueError:
        return int.from_bytes(digits.encode()[:3])


def _address_fields(interaction: Interaction) -> Fields:
    mail = interaction.mail
    return {
        "from": _address(mail.sender) if mail.sender else None,
        "reply_to": _address(mail.reply_to[0]) if mail.reply_to else None,
        "to": _addresses(mail.to),
        "cc": _addresses(mail.cc),
        "sent_date": timestamp(mail.sent_at) if mail.sent_at else None,
    }


def _number(message_id: str) -> int | None:
    """Return a Message-ID as a number, as seed 004 types it; None where it is none."""
    bare = message_id.strip("<>")
    return int(bare) if bare.isascii() and bare.isdecimal() else None


def _content_fields(interaction: Interaction, contents: Contents) -> Fields:
    place = f"{contents.root}/ucs/interactions/{interaction.id}"
    fields: Fields = {
        "text": interaction.mail.text,
        "udata": user_data(interaction),
        "external_id": interaction.mail.message_id or None,
        "perhaps_related": list(contents.perhaps_related) or None,
    }
    if interaction.direction is Direction.OUTBOUND:
        fields["bcc"] = _addresses(interaction.mail.bcc)
        fields["reference_id"] = _number(interaction.mail.in_reply_to)
    if interaction.mail.html:
        fields |= {
            "structured_text": f"{place}/structured_text",
            "structured_text_mime": "text/html",
        }
    if contents.delivery is not None:
        fields["delivery"] = delivery_fields(contents.delivery, contents.reports, contents.root)
    if contents.size is not None:
        fields |= {
            "binary_content": f"{place}/binary_content",
            "binary_content_mime": "message/rfc822",
            "binary_content_size": contents.size,
        }
    return fields


def _end(interaction: Interaction, changed_at: datetime | None) -> str | None:
    if _STATUS[interaction.state] != _STOPPED or changed_at is None:
        return None
    return timestamp(changed_at)


def _addresses(several: Sequence[Address]) -> list[Fields]:
    return [_address(one) for one in several]


def _address(one: Address) -> Fields:
    fields: Fields = {"address": one.address}
    return fields | {"personal": one.personal} if one.personal else fields
