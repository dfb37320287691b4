"""The check of user data before a command carries it: names of keys and size."""

from collections.abc import Mapping
from typing import Any, Final

from services.gateway.errors import refused
from shared.domain.user_data import change_user_data

_LONGEST_KEY: Final = 255


def require_storable(put: dict[str, Any], before: Mapping[str, object]) -> dict[str, Any]:
    """Return keys that may be added to the present ones; the service that writes checks it again.

    Raises:
        RequestError: A key cannot be stored.
        TooLargeError: All of the user data together would be too large.
    """
    require_names(put)
    change_user_data(before, put, {})
    return put


def require_names(values: Mapping[str, object]) -> None:
    """Return if every key, at any depth, can be stored.

    Raises:
        RequestError: One cannot.
    """
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
