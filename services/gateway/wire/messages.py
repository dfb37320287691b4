"""Builds the fields of `InteractionStateMessage` (seed 003)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from services.gateway.wire.fields import INTERACTION_STATE, Fields, of_type, timestamp
from services.gateway.wire.mail import addresses, draft, heading, received
from services.gateway.wire.states import STATES, capabilities, extended_capabilities
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import Direction, State

NotificationType = Literal[
    "StatusChange",
    "PropertiesUpdated",
    "EmailSaved",
    "AttachmentAdded",
    "AttachmentRemoved",
    "DeliveryReport",
    "Error",
]


def invited(interaction: Interaction) -> Fields:
    """Return an interaction for the agent to whom it is offered."""
    return {
        **_named(interaction.id),
        "email_object": heading(interaction.id, interaction.mail.subject),
        **_typed(interaction),
        "userData": user_data(interaction),
        "currentQueue": interaction.queue,
        "state": "Invited",
        "capabilities": ["Accept", "Reject"],
        **_expiry(interaction),
        **_more(interaction),
        **_relations(interaction),
    }


def inbound(interaction: Interaction, *, longest: int | None) -> Fields:
    """Return an inbound interaction for its owner."""
    return {
        **_named(interaction.id),
        "email_object": received(interaction, longest=longest),
        **_typed(interaction),
        "userData": user_data(interaction),
        "currentQueue": interaction.queue,
        "inQueues": {},
        "outQueues": {},
        "receivedAt": timestamp(interaction.received_at),
        "state": STATES[interaction.state],
        "capabilities": capabilities(interaction),
        **_more(interaction),
        **_relations(interaction),
    }


def outbound(interaction: Interaction, *, longest: int | None) -> Fields:
    """Return an outbound interaction for its owner."""
    return {
        **_named(interaction.id),
        "email_object": draft(interaction, longest=longest),
        **_typed(interaction),
        "receivedAt": timestamp(interaction.received_at),
        "state": STATES[interaction.state],
        "capabilities": capabilities(interaction),
        "userData": user_data(interaction),
        "currentQueue": interaction.queue,
        **_more(interaction),
        **_relations(interaction),
    }


def in_workbin(interaction: Interaction) -> Fields:
    """Return an interaction in a workbin, for agents who may take it out."""
    return {
        **_named(interaction.id),
        "email_object": heading(interaction.id, interaction.mail.subject),
        **_typed(interaction),
        "userData": user_data(interaction),
        "currentQueue": interaction.queue,
        "receivedAt": timestamp(interaction.received_at),
        "state": STATES[interaction.state],
        "capabilities": capabilities(interaction),
        **_more(interaction),
        **_relations(interaction),
    }


def workbin_items(content: Sequence[Interaction]) -> list[Fields]:
    """Return the interactions in a workbin, as one message each."""
    return [with_sequence(in_workbin(one), one.version) for one in content]


def no_longer_held(interaction_id: str, subject: str, state: str) -> Fields:
    """Return an interaction for an agent who no longer holds it."""
    return {
        **_named(interaction_id),
        "email_object": heading(interaction_id, subject),
        "state": state,
        "capabilities": [],
    }


def for_holder(interaction: Interaction, *, longest: int | None) -> Fields:
    """Return an interaction in its present state, for the agent who holds it."""
    if interaction.state is State.INVITED:
        return invited(interaction)
    if interaction.direction is Direction.INBOUND:
        return inbound(interaction, longest=longest)
    return outbound(interaction, longest=longest)


def for_reader(interaction: Interaction, *, longest: int | None) -> Fields:
    """Return an interaction for an agent who may read it, but does not hold it."""
    return {
        **for_holder(interaction, longest=longest),
        "capabilities": [],
        "extendedCapabilities": [],
    }


def without_text(interaction: Interaction, *, with_user_data: bool) -> Fields:
    """Return an interaction without the text of its mail: addresses and subject only."""
    mail = interaction.mail
    attached = {"userData": user_data(interaction)} if with_user_data else {}
    return {
        **_named(interaction.id),
        "email_object": {
            "ToAddress": addresses(mail.to),
            "FromAddress": addresses((mail.sender,) if mail.sender else ()),
            "CCAddresses": addresses(mail.cc),
            **heading(interaction.id, mail.subject),
        },
        **_typed(interaction),
        **attached,
        "currentQueue": interaction.queue,
        "receivedAt": timestamp(interaction.received_at),
        "state": STATES[interaction.state],
        "capabilities": [],
        **_relations(interaction),
    }


def with_sequence(
    message: Fields, sequence: int, notification: NotificationType = "StatusChange", **more: str
) -> Fields:
    """Return a message with `sequence` (the version), notification type and further fields.

    Of two messages about one interaction the one with the higher `sequence` is newer.
    """
    return {**message, "sequence": sequence, "notificationType": notification, **more}


def user_data(interaction: Interaction) -> Fields:
    """Return the user data without binary values, which JSON cannot carry."""
    return _without_binaries(interaction.user_data)


def _named(interaction_id: str) -> Fields:
    return {
        **of_type(INTERACTION_STATE),
        "id": interaction_id,
        "channel": "email",
    }


def _typed(interaction: Interaction) -> Fields:
    return {"interactionType": "Email", "interactionSubType": interaction.subtype}


def _more(interaction: Interaction) -> Fields:
    return {
        "extendedCapabilities": extended_capabilities(interaction),
        "direction": interaction.direction.value,
    }


def _expiry(interaction: Interaction) -> Fields:
    if interaction.invitation is None:
        return {}
    return {"inviteExpiresAt": timestamp(interaction.invitation.expires_at)}


def _relations(interaction: Interaction) -> Fields:
    related = {
        "parentInteractionId": interaction.parent_id,
        "threadId": interaction.thread_id,
    }
    return {name: value for name, value in related.items() if value}


def _without_binaries(values: Mapping[str, object]) -> Fields:
    return {name: _plain(one) for name, one in values.items() if not isinstance(one, bytes)}


def _plain(value: object) -> object:
    match value:
        case Mapping():
            return _without_binaries(value)
        case list() | tuple():
            return [_plain(one) for one in value if not isinstance(one, bytes)]
        case datetime():
            return timestamp(value)
        case _:
            return value
