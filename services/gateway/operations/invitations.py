"""Operations without parameters: Accept, Reject, Complete, Cancel."""

from services.gateway.errors import RequestError, Situation
from services.gateway.operations.operation_request import (
    CANCELED,
    OK,
    ZERO,
    OperationRequest,
    PreparedCommand,
)
from shared.contracts.commands import (
    AcceptInvitation,
    CancelDraft,
    CompleteInteraction,
    RejectInvitation,
)


def prepare_accept(asked: OperationRequest) -> PreparedCommand:
    """Take what is offered, unless the offer has ended."""
    invitation = asked.interaction.invitation
    if invitation is not None and invitation.expires_at <= asked.now:
        raise RequestError(Situation.WRONG_STATE, "the invitation has ended")
    return PreparedCommand(
        AcceptInvitation(interaction_id=asked.interaction.id, agent_id=asked.agent_id), OK
    )


def prepare_reject(asked: OperationRequest) -> PreparedCommand:
    """Turn down what is offered."""
    return PreparedCommand(
        RejectInvitation(interaction_id=asked.interaction.id, agent_id=asked.agent_id), OK
    )


def prepare_complete(asked: OperationRequest) -> PreparedCommand:
    """End the work on an inbound mail."""
    return PreparedCommand(
        CompleteInteraction(interaction_id=asked.interaction.id, agent_id=asked.agent_id), ZERO
    )


def prepare_cancel(asked: OperationRequest) -> PreparedCommand:
    """Throw a draft away."""
    return PreparedCommand(
        CancelDraft(interaction_id=asked.interaction.id, agent_id=asked.agent_id), CANCELED
    )
