"""Complete (seed 002): end the work on an inbound mail."""

from typing import Final

from services.gateway.operations.definition import OperationDefinition
from services.gateway.operations.parameters.model import NoParameters
from services.gateway.operations.request import ZERO, OperationRequest, PreparedCommand
from services.gateway.operations.rules import FOR_OWNER, Permission
from shared.contracts.commands import CompleteInteraction
from shared.domain.lifecycle import Operation


def prepare_complete(asked: OperationRequest) -> PreparedCommand:
    """Return the command that completes the interaction."""
    return PreparedCommand(
        CompleteInteraction(interaction_id=asked.interaction.id, agent_id=asked.agent_id), ZERO
    )


COMPLETE: Final = OperationDefinition(
    name="Complete",
    aliases=("StopProcessing",),
    summary="Complete the work on an inbound mail.",
    permission=Permission(Operation.COMPLETE, FOR_OWNER),
    parameters=NoParameters,
    command=CompleteInteraction,
    prepare=prepare_complete,
    answer=ZERO,
)
