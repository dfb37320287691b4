"""Reject (seed 002): turn an offered interaction down."""

from typing import Final

from services.gateway.operations.definition import OperationDefinition
from services.gateway.operations.parameters.model import NoParameters
from services.gateway.operations.request import OK, OperationRequest, PreparedCommand
from services.gateway.operations.rules import FOR_INVITED, Permission
from shared.contracts.commands import RejectInvitation
from shared.domain.lifecycle import Operation


def prepare_reject(asked: OperationRequest) -> PreparedCommand:
    """Return the command that ends the invitation."""
    return PreparedCommand(
        RejectInvitation(interaction_id=asked.interaction.id, agent_id=asked.agent_id), OK
    )


REJECT: Final = OperationDefinition(
    name="Reject",
    summary="Reject an offered mail; it is offered to another agent.",
    permission=Permission(Operation.REJECT, FOR_INVITED),
    parameters=NoParameters,
    command=RejectInvitation,
    prepare=prepare_reject,
    answer=OK,
)
