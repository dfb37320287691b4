"""Operations without parameters: Accept, Reject, Complete, Cancel."""

from services.gateway.errors import RequestError, Situation
from services.gateway.operations.operation_request import CANCELED, OK, ZERO, Asked, Order
from shared.contracts.commands import (
    AcceptInvitation,
    CancelDraft,
    CompleteInteraction,
    RejectInvitation,
)


def prepare_accept(asked: Asked) -> Order:
    """Take what is offered, unless the offer has ended."""
    invitation = asked.interaction.invitation
    if invitation is not None and invitation.expires_at <= asked.now:
        raise RequestError(Situation.WRONG_STATE, "the invitation has ended")
    return Order(AcceptInvitation(interaction_id=asked.interaction.id, agent_id=asked.agent_id), OK)


def prepare_reject(asked: Asked) -> Order:
    """Turn down what is offered."""
    return Order(RejectInvitation(interaction_id=asked.interaction.id, agent_id=asked.agent_id), OK)


def prepare_complete(asked: Asked) -> Order:
    """End the work on an inbound mail."""
    return Order(
        CompleteInteraction(interaction_id=asked.interaction.id, agent_id=asked.agent_id), ZERO
    )


def prepare_cancel(asked: Asked) -> Order:
    """Throw a draft away."""
    return Order(
        CancelDraft(interaction_id=asked.interaction.id, agent_id=asked.agent_id), CANCELED
    )
