"""Accept (seed 002): take an offered interaction."""

from typing import Final

from services.gateway.errors import RequestError, Situation
from services.gateway.operations.definition import OperationDefinition
from services.gateway.operations.parameters.model import NoParameters
from services.gateway.operations.request import OK, OperationRequest, PreparedCommand
from services.gateway.operations.rules import FOR_INVITED, Permission
from shared.contracts.commands import AcceptInvitation
from shared.domain.lifecycle import Operation


def prepare_accept(asked: OperationRequest) -> PreparedCommand:
    """Return the command that makes the invited agent the owner.

    Raises:
        RequestError: The invitation has ended.
    """
    invitation = asked.interaction.invitation
    if invitation is not None and invitation.expires_at <= asked.now:
        raise RequestError(Situation.WRONG_STATE, "the invitation has ended")
    return PreparedCommand(
        AcceptInvitation(interaction_id=asked.interaction.id, agent_id=asked.agent_id), OK
    )


ACCEPT: Final = OperationDefinition(
    name="Accept",
    summary="Accept an offered mail; a message Accepted with the mail follows.",
    permission=Permission(Operation.ACCEPT, FOR_INVITED),
    parameters=NoParameters,
    command=AcceptInvitation,
    prepare=prepare_accept,
    answer=OK,
)
