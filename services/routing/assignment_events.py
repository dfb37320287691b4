"""The events for an agent who gets, or gets back, an interaction to work on."""

from shared.contracts.events import InteractionEvent, InvitationAccepted, ReplyCreated
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import Direction


def assigned_event(interaction: Interaction, agent_id: str) -> InteractionEvent:
    """Return the event that gives an interaction to an agent: accepted mail or a draft."""
    if interaction.direction is Direction.INBOUND:
        return InvitationAccepted.of(interaction, agent_id)
    return ReplyCreated.of(interaction, agent_id)


def returned_events(interaction: Interaction) -> list[InteractionEvent]:
    """Return the event for the owner to whom an interaction was returned; none without owner."""
    owner = interaction.owner_id
    return [assigned_event(interaction, owner)] if owner else []
