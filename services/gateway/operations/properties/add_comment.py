"""AddComment (8.5.2): replace the notes on a mail."""

from typing import Annotated, Final

from pydantic import AliasChoices, Field

from services.gateway.operations.definition import OperationDefinition
from services.gateway.operations.parameters.model import Parameters, Text
from services.gateway.operations.parameters.reading import read
from services.gateway.operations.request import OK, OperationRequest, PreparedCommand
from services.gateway.operations.rules import FOR_OWNER, Permission
from shared.contracts.commands import ChangeUserData
from shared.domain.lifecycle import Operation

_LONGEST_COMMENT: Final = 32_768


class CommentParameters(Parameters):
    """The notes on a mail."""

    comment: Annotated[Text, Field(max_length=_LONGEST_COMMENT)] = Field(
        validation_alias=AliasChoices("comment", "TheComment", "theComment"),
        description=f"The notes, at most {_LONGEST_COMMENT:,} characters.",
    )


def prepare_comment(asked: OperationRequest) -> PreparedCommand:
    """Return the command that replaces the notes.

    Raises:
        RequestError: They are missing or too long.
    """
    command = ChangeUserData(
        interaction_id=asked.interaction.id,
        agent_id=asked.agent_id,
        comment=read(CommentParameters, asked.body).comment,
    )
    return PreparedCommand(command, OK)


ADD_COMMENT: Final = OperationDefinition(
    name="AddComment",
    summary="Replace the notes on the mail.",
    permission=Permission(Operation.ADD_COMMENT, FOR_OWNER),
    parameters=CommentParameters,
    example={"comment": "Called back on Monday."},
    command=ChangeUserData,
    prepare=prepare_comment,
    answer=OK,
)
