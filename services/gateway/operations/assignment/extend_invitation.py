"""ExtendInvitation (beyond the seeds): have more time to answer an offer."""

from typing import Final

from services.gateway.errors import RequestError, Situation
from services.gateway.operations.definition import OperationDefinition
from services.gateway.operations.parameters.model import NoParameters
from services.gateway.operations.request import OK, OperationRequest, PreparedCommand
from services.gateway.operations.rules import FOR_INVITED, Permission
from shared.contracts.commands import ExtendInvitation
from shared.domain.lifecycle import Operation
from shared.domain.routing.assignment import EXTENDED_ALREADY, may_be_extended


def prepare_extend_invitation(asked: OperationRequest) -> PreparedCommand:
    """Return the command that lets the invitation end later.

    Raises:
        RequestError: The invitation has ended, or was extended as often as possible.
    """
    invitation = asked.interaction.invitation
    if invitation is not None and invitation.expires_at <= asked.now:
        raise RequestError(Situation.WRONG_STATE, "the invitation has ended")
    if not may_be_extended(asked.interaction):
        raise RequestError(Situation.WRONG_STATE, EXTENDED_ALREADY)
    return PreparedCommand(
        ExtendInvitation(interaction_id=asked.interaction.id, agent_id=asked.agent_id), OK
    )


EXTEND_INVITATION: Final = OperationDefinition(
    name="ExtendInvitation",
    summary="Let an offer stand for its time once more, which is possible once; a message "
    "PropertiesUpdated with the later `inviteExpiresAt` follows.",
    permission=Permission(Operation.EXTEND_INVITATION, FOR_INVITED),
    parameters=NoParameters,
    command=ExtendInvitation,
    prepare=prepare_extend_invitation,
    answer=OK,
)
