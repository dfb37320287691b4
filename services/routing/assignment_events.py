"""Which event tells an agent what has become of their desk."""

from shared.contracts.events import InteractionEvent, InvitationAccepted, ReplyCreated
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import Direction


def on_the_desk(interaction: Interaction, agent_id: str) -> InteractionEvent:
    """Return the event of an interaction that an agent works on from now on."""
    if interaction.direction is Direction.INBOUND:
        return InvitationAccepted.of(interaction, agent_id)
    return ReplyCreated.of(interaction, agent_id)


def back_again(interaction: Interaction) -> list[InteractionEvent]:
    """Return the event for whom an interaction went straight back to, if it went to anybody."""
    owner = interaction.owner_id
    return [on_the_desk(interaction, owner)] if owner else []
