"""Cancel (seed 002): throw a draft away."""

from typing import Final

from services.gateway.operations.definition import OperationDefinition
from services.gateway.operations.parameters.model import NoParameters
from services.gateway.operations.request import CANCELED, OperationRequest, PreparedCommand
from services.gateway.operations.rules import FOR_OWNER, Permission
from shared.contracts.commands import CancelDraft
from shared.domain.lifecycle import Operation


def prepare_cancel(asked: OperationRequest) -> PreparedCommand:
    """Return the command that cancels the draft."""
    return PreparedCommand(
        CancelDraft(interaction_id=asked.interaction.id, agent_id=asked.agent_id), CANCELED
    )


CANCEL: Final = OperationDefinition(
    name="Cancel",
    aliases=("CancelReply",),
    summary="Discard a draft.",
    permission=Permission(Operation.CANCEL, FOR_OWNER),
    parameters=NoParameters,
    command=CancelDraft,
    prepare=prepare_cancel,
    answer=CANCELED,
)
