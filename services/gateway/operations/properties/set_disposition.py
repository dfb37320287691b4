"""SetDisposition (8.5.2): write the outcome of the work into the user data."""

from typing import Final

from pydantic import Field

from services.gateway.operations.definition import OperationDefinition
from services.gateway.operations.parameters.model import OneLine, Parameters
from services.gateway.operations.parameters.reading import read
from services.gateway.operations.parameters.storable_user_data import require_storable
from services.gateway.operations.request import OK, OperationRequest, PreparedCommand
from services.gateway.operations.rules import FOR_OWNER, Permission
from shared.contracts.commands import ChangeUserData
from shared.domain.lifecycle import Operation


class DispositionParameters(Parameters):
    """The outcome of the work, and the key of the user data that holds it."""

    disposition: OneLine = Field(description="The outcome of the work.")
    key: OneLine = Field(
        default="DISP_KEY",
        alias="dispositionKey",
        description="The key of the user data that holds it; `DISP_KEY` by default.",
    )


def prepare_disposition(asked: OperationRequest) -> PreparedCommand:
    """Return the command that sets one key of the user data.

    Raises:
        RequestError: The outcome is missing, or the key cannot be stored.
        TooLargeError: All of the user data together would be too large.
    """
    wanted = read(DispositionParameters, asked.body)
    put = {wanted.key: wanted.disposition}
    command = ChangeUserData(
        interaction_id=asked.interaction.id,
        agent_id=asked.agent_id,
        put=require_storable(put, asked.interaction.user_data),
    )
    return PreparedCommand(command, OK)


SET_DISPOSITION: Final = OperationDefinition(
    name="SetDisposition",
    summary="Write the outcome into the user data, under DISP_KEY or the given key.",
    permission=Permission(Operation.SET_DISPOSITION, FOR_OWNER),
    parameters=DispositionParameters,
    example={"disposition": "solved"},
    command=ChangeUserData,
    prepare=prepare_disposition,
    answer=OK,
)
