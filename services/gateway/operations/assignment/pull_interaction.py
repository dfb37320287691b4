"""PullInteraction (seed 002): take an interaction out of its workbin."""

from typing import Final

from services.gateway.operations.definition import OperationDefinition
from services.gateway.operations.parameters.model import NoParameters
from services.gateway.operations.request import OK, OperationRequest, PreparedCommand
from services.gateway.operations.rules import FOR_READER, Permission
from shared.contracts.commands import PullInteraction
from shared.domain.lifecycle import Operation


def prepare_pull(asked: OperationRequest) -> PreparedCommand:
    """Return the command that makes the agent the owner of what is in a workbin."""
    return PreparedCommand(
        PullInteraction(interaction_id=asked.interaction.id, agent_id=asked.agent_id), OK
    )


PULL_INTERACTION: Final = OperationDefinition(
    name="PullInteraction",
    aliases=("PullEmail", "Pull"),
    summary="Take the mail out of its workbin.",
    permission=Permission(Operation.PULL, FOR_READER),
    parameters=NoParameters,
    command=PullInteraction,
    prepare=prepare_pull,
    answer=OK,
)
