"""Save, and PUT where it carries a mail: keep what is written so far."""

from typing import Any, Final

from pydantic import Field

from services.gateway.errors import missing
from services.gateway.operations.definition import OperationDefinition
from services.gateway.operations.parameters.email_object import (
    MailParameters,
    edits_in,
    ignored_in,
)
from services.gateway.operations.parameters.reading import read
from services.gateway.operations.parameters.storable_user_data import require_storable
from services.gateway.operations.request import OK, ZERO, OperationRequest, PreparedCommand
from services.gateway.operations.rules import FOR_OWNER, Permission
from shared.contracts.commands import SaveDraft
from shared.domain.lifecycle import Operation


class SaveParameters(MailParameters):
    """The agent's words so far, and keys of the user data to set."""

    user_data: dict[str, Any] = Field(
        default_factory=dict, alias="userData", description="Keys of the user data to set."
    )


def prepare_save(asked: OperationRequest) -> PreparedCommand:
    """Return the command that keeps what the agent has written so far.

    Raises:
        RequestError: Neither a mail nor user data came, or one of them is refused.
    """
    command, ignored = _command(asked, is_update=False)
    return PreparedCommand(command, OK | ignored)


def prepare_update(asked: OperationRequest) -> PreparedCommand:
    """Return the same for PUT, which is announced as changed properties.

    Raises:
        RequestError: As for `prepare_save`.
    """
    command, ignored = _command(asked, is_update=True)
    return PreparedCommand(command, ZERO | ignored)


def _command(asked: OperationRequest, *, is_update: bool) -> tuple[SaveDraft, dict[str, object]]:
    """Return the command, and the part of the answer that names ignored keys."""
    wanted = read(SaveParameters, asked.body)
    if not wanted.mail and not wanted.user_data:
        raise missing("email_object")
    command = SaveDraft(
        interaction_id=asked.interaction.id,
        agent_id=asked.agent_id,
        edits=edits_in(wanted, asked.contact_center, asked.interaction.mail),
        put=require_storable(wanted.user_data, asked.interaction.user_data),
        is_update=is_update,
    )
    return command, ignored_in(wanted, asked.shown_mail)


_SAVE: Final = Permission(Operation.SAVE, FOR_OWNER)

SAVE: Final = OperationDefinition(
    name="Save",
    aliases=("SaveDraft",),
    summary="Save a draft.",
    permission=_SAVE,
    parameters=SaveParameters,
    example={"email_object": {"text": "It is"}},
    command=SaveDraft,
    prepare=prepare_save,
    answer=OK,
)

UPDATE: Final = OperationDefinition(
    name="PUT",
    summary="Fields of a draft, keys of the user data, or both.",
    permission=_SAVE,
    parameters=SaveParameters,
    example={"email_object": {"text": "It is"}},
    command=SaveDraft,
    prepare=prepare_update,
    answer=ZERO,
)
