"""UpdateUserData, AttachUserData and DeleteUserData (seed 002)."""

import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic import Field

from services.gateway.operations.asked import OK, Asked, Order, refused
from services.gateway.operations.parameters import Parameters, read
from shared.contracts.commands import ChangeUserData

_MOST_KEYS: Final = 512
_LONGEST_KEY: Final = 255
_LARGEST: Final = 64 * 1024


class PutParameters(Parameters):
    """The keys to set."""

    user_data: dict[str, Any] = Field(alias="userData")


class RemoveParameters(Parameters):
    """The keys to remove, as the keys of an object or as a list."""

    user_data: dict[str, Any] | list[str] = Field(alias="userData")


def prepare_put(asked: Asked) -> Order:
    """Set some keys and keep the rest."""
    put = read(PutParameters, asked.body).user_data
    _require_keys(put)
    if len(json.dumps(put)) > _LARGEST:
        raise refused(f"userData is larger than {_LARGEST} bytes")
    command = ChangeUserData(interaction_id=asked.interaction.id, agent_id=asked.agent_id, put=put)
    return Order(command, OK)


def prepare_remove(asked: Asked) -> Order:
    """Remove some keys, or some keys inside them; what is absent already is no error."""
    keys = read(RemoveParameters, asked.body).user_data
    remove = keys_to_remove(keys)
    _require_keys(remove)
    command = ChangeUserData(
        interaction_id=asked.interaction.id, agent_id=asked.agent_id, remove=remove
    )
    return Order(command, OK)


def keys_to_remove(keys: Mapping[str, object] | list[str]) -> dict[str, list[str]]:
    """Return each key with the sub-keys to remove; none means the whole key."""
    if isinstance(keys, list):
        return {key: [] for key in keys}
    return {key: list(value) if isinstance(value, Mapping) else [] for key, value in keys.items()}


def _require_keys(values: Mapping[str, object]) -> None:
    if len(values) > _MOST_KEYS:
        raise refused(f"userData holds more than {_MOST_KEYS} keys")
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
