"""UpdateUserData, AttachUserData and DeleteUserData (seed 002); notes and outcomes."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import AliasChoices, Field

from services.gateway.errors import RequestError, Situation
from services.gateway.operations.operation_request import (
    OK,
    OperationRequest,
    PreparedCommand,
    refused,
)
from services.gateway.operations.parameters import OneLine, Parameters, Text, read
from shared.contracts.commands import ChangeUserData
from shared.domain.user_data import change_user_data

_LONGEST_KEY: Final = 255
_LONGEST_COMMENT: Final = 32_768


class PutParameters(Parameters):
    """The keys to set."""

    user_data: dict[str, Any] = Field(alias="userData")


class RemoveParameters(Parameters):
    """The keys to remove, as the keys of an object or as a list."""

    user_data: dict[str, Any] | list[str] = Field(validation_alias=AliasChoices("userData", "keys"))


class CommentParameters(Parameters):
    """The notes on a mail."""

    comment: Annotated[Text, Field(max_length=_LONGEST_COMMENT)] = Field(
        validation_alias=AliasChoices("comment", "TheComment", "theComment")
    )


class DispositionParameters(Parameters):
    """The outcome of the work, and the key of the user data that holds it."""

    disposition: OneLine
    key: OneLine = Field(default="DISP_KEY", alias="dispositionKey")


def prepare_put(asked: OperationRequest) -> PreparedCommand:
    """Set some keys and keep the rest."""
    put = read(PutParameters, asked.body).user_data
    return _order(asked, put=require_storable(put, asked.interaction.user_data))


def prepare_attach(asked: OperationRequest) -> PreparedCommand:
    """Add some keys: one that is there already is overwritten, or by a setting an error."""
    before = asked.interaction.user_data
    put = require_storable(read(PutParameters, asked.body).user_data, before)
    taken = sorted(put.keys() & before.keys())
    if asked.only_new_keys and taken:
        raise RequestError(Situation.WRONG_STATE, f"userData has {taken[0][:64]!r} already")
    return _order(asked, put=put, only_new=asked.only_new_keys)


def prepare_remove(asked: OperationRequest) -> PreparedCommand:
    """Remove some keys, or some keys inside them; what is absent already is no error."""
    remove = keys_to_remove(read(RemoveParameters, asked.body).user_data)
    _require_names(remove)
    return _order(asked, remove=remove)


def prepare_comment(asked: OperationRequest) -> PreparedCommand:
    """Replace the notes on a mail."""
    return _order(asked, comment=read(CommentParameters, asked.body).comment)


def prepare_disposition(asked: OperationRequest) -> PreparedCommand:
    """Write the outcome of the work into the user data."""
    wanted = read(DispositionParameters, asked.body)
    put = {wanted.key: wanted.disposition}
    return _order(asked, put=require_storable(put, asked.interaction.user_data))


def require_storable(put: dict[str, Any], before: Mapping[str, object]) -> dict[str, Any]:
    """Return keys that may be added to what is there; who writes them checks it again.

    Raises:
        RequestError: They cannot be stored.
        TooLargeError: All of it together would be too large.
    """
    _require_names(put)
    change_user_data(before, put, {})
    return put


def _order(asked: OperationRequest, **change: Any) -> PreparedCommand:
    command = ChangeUserData(interaction_id=asked.interaction.id, agent_id=asked.agent_id, **change)
    return PreparedCommand(command, OK)


def keys_to_remove(keys: Mapping[str, object] | list[str]) -> dict[str, list[str]]:
    """Return each key with the sub-keys to remove; none means the whole key."""
    if isinstance(keys, list):
        return {key: [] for key in keys}
    return {key: list(value) if isinstance(value, Mapping) else [] for key, value in keys.items()}


def _require_names(values: Mapping[str, object]) -> None:
    for key in _all_keys(values):
        # MongoDB reads these as something else, or not at all.
        if not key or len(key) > _LONGEST_KEY or key.startswith("$") or "\0" in key:
            raise refused("userData holds a key that cannot be stored")


def _all_keys(value: object) -> list[str]:
    match value:
        case Mapping():
            return [*value, *(key for one in value.values() for key in _all_keys(one))]
        case list():
            return [key for one in value for key in _all_keys(one)]
        case _:
            return []
