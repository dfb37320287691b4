"""UpdateUserData, AttachUserData and DeleteUserData (seed 002)."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import AliasChoices, Field

from services.gateway.errors import RequestError, Situation
from services.gateway.operations.definition import OperationDefinition
from services.gateway.operations.parameters.model import Parameters
from services.gateway.operations.parameters.reading import read
from services.gateway.operations.parameters.storable_user_data import (
    require_names,
    require_storable,
)
from services.gateway.operations.request import OK, OperationRequest, PreparedCommand
from services.gateway.operations.rules import FOR_OWNER, Permission
from shared.contracts.commands import ChangeUserData
from shared.domain.lifecycle import Operation


class PutParameters(Parameters):
    """The keys to set."""

    user_data: dict[str, Any] = Field(alias="userData", description="The keys and their values.")


class RemoveParameters(Parameters):
    """The keys to remove, as the keys of an object or as a list."""

    user_data: dict[str, Any] | list[str] = Field(
        validation_alias=AliasChoices("userData", "keys"),
        description="The keys to remove; under a key of an object, the keys to remove inside it.",
    )


def prepare_put(asked: OperationRequest) -> PreparedCommand:
    """Return the command that sets some keys and keeps the rest.

    Raises:
        RequestError: A key cannot be stored.
        TooLargeError: All of the user data together would be too large.
    """
    put = read(PutParameters, asked.body).user_data
    return _command(asked, put=require_storable(put, asked.interaction.user_data))


def prepare_attach(asked: OperationRequest) -> PreparedCommand:
    """Return the command that adds some keys.

    A key that is there already is overwritten, unless `only_new_keys` is set.

    Raises:
        RequestError: A key cannot be stored, or `only_new_keys` is set and it is there already.
        TooLargeError: All of the user data together would be too large.
    """
    before = asked.interaction.user_data
    put = require_storable(read(PutParameters, asked.body).user_data, before)
    taken = sorted(put.keys() & before.keys())
    if asked.only_new_keys and taken:
        raise RequestError(Situation.WRONG_STATE, f"userData has {taken[0][:64]!r} already")
    return _command(asked, put=put, only_new=asked.only_new_keys)


def prepare_remove(asked: OperationRequest) -> PreparedCommand:
    """Return the command that removes some keys, or keys inside them; absent ones are no error.

    Raises:
        RequestError: A key cannot be stored, so none of that name is there.
    """
    remove = keys_to_remove(read(RemoveParameters, asked.body).user_data)
    require_names(remove)
    return _command(asked, remove=remove)


def keys_to_remove(keys: Mapping[str, object] | list[str]) -> dict[str, list[str]]:
    """Return each key with the sub-keys to remove; an empty list means the whole key."""
    if isinstance(keys, list):
        return {key: [] for key in keys}
    return {key: list(value) if isinstance(value, Mapping) else [] for key, value in keys.items()}


def _command(asked: OperationRequest, **change: Any) -> PreparedCommand:
    command = ChangeUserData(interaction_id=asked.interaction.id, agent_id=asked.agent_id, **change)
    return PreparedCommand(command, OK)


_CHANGE: Final = Permission(Operation.UPDATE_PROPERTIES, FOR_OWNER)

UPDATE_USER_DATA: Final = OperationDefinition(
    name="UpdateUserData",
    summary="Set keys of the user data.",
    permission=_CHANGE,
    parameters=PutParameters,
    example={"userData": {"Priority": "high"}},
    command=ChangeUserData,
    prepare=prepare_put,
    answer=OK,
)

ATTACH_USER_DATA: Final = OperationDefinition(
    name="AttachUserData",
    summary="Add keys to the user data.",
    permission=_CHANGE,
    parameters=PutParameters,
    example={"userData": {"Order": {"Number": 17}}},
    command=ChangeUserData,
    prepare=prepare_attach,
    answer=OK,
)

DELETE_USER_DATA: Final = OperationDefinition(
    name="DeleteUserData",
    summary=(
        "Remove keys of the user data. They are named by a list, or by an object whose values "
        "are ignored; a nested object removes only those keys of its key."
    ),
    permission=_CHANGE,
    parameters=RemoveParameters,
    example={"userData": {"Order": {"Number": 17}}},
    command=ChangeUserData,
    prepare=prepare_remove,
    answer=OK,
)
