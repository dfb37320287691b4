"""PlaceInWorkbin (seed 002): keep an interaction in a workbin."""

from typing import Final

from services.gateway.operations.definition import OperationDefinition
from services.gateway.operations.parameters.workbin_lookup import WorkbinParameters, find_place
from services.gateway.operations.request import OK, OperationRequest, PreparedCommand
from services.gateway.operations.rules import FOR_OWNER, Permission
from shared.contracts.commands import PlaceInWorkbin
from shared.domain.lifecycle import Operation


def prepare_place_in_workbin(asked: OperationRequest) -> PreparedCommand:
    """Return the command that puts the interaction into a workbin of the agent or of a group.

    Raises:
        RequestError: There is no such workbin, it is somebody else's, or several are meant.
    """
    place = find_place(
        asked.body.get("workbin"),
        asked.agent,
        asked.contact_center,
        group=asked.interaction.queue,
    )
    command = PlaceInWorkbin(
        interaction_id=asked.interaction.id,
        agent_id=asked.agent_id,
        workbin=place.workbin,
        owner=place.owner,
        of_group=place.of_group,
    )
    return PreparedCommand(command, OK)


PLACE_IN_WORKBIN: Final = OperationDefinition(
    name="PlaceInWorkbin",
    summary="Put the mail into a workbin of the agent or of one of the agent's groups.",
    permission=Permission(Operation.PLACE_IN_WORKBIN, FOR_OWNER),
    parameters=WorkbinParameters,
    example={"workbin": "email.in-progress"},
    command=PlaceInWorkbin,
    prepare=prepare_place_in_workbin,
    answer=OK,
)
