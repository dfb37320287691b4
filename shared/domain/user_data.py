"""The user data of an interaction: keys and values that operators and agents attach."""

import json
from collections.abc import Mapping, Sequence
from typing import Final

from shared.domain.errors import TooLargeError

MOST_KEYS: Final = 512
"""Keys at the top level of the user data."""
LARGEST: Final = 64 * 1024
"""Bytes of the whole user data as JSON in UTF-8."""


def change_user_data(
    before: Mapping[str, object],
    put: Mapping[str, object],
    remove: Mapping[str, Sequence[str]],
) -> dict[str, object]:
    """Return the user data with some keys set and others removed.

    `remove` maps each key to the sub-keys to remove; an empty list removes the whole key (seed 002,
    DeleteUserData). An absent key is no error. User data above a limit may still become smaller.

    Raises:
        TooLargeError: The result would exceed a limit and is larger than before.
    """
    after = {**before, **put}
    for key, sub_keys in remove.items():
        value = after.get(key)
        if sub_keys and isinstance(value, Mapping):
            after[key] = {name: one for name, one in value.items() if name not in sub_keys}
        else:
            after.pop(key, None)
    if len(after) > max(MOST_KEYS, len(before)):
        raise TooLargeError(f"userData would have more than {MOST_KEYS} keys: delete some first")
    size = _size(after)
    if size > LARGEST and size > _size(before):
        raise TooLargeError(f"userData would be larger than {LARGEST} bytes: delete keys first")
    return after


def _size(user_data: Mapping[str, object]) -> int:
    # Values that operators attach may be dates or octets: `str` stands for them here.
    written = json.dumps(user_data, ensure_ascii=False, separators=(",", ":"), default=str)
    return len(written.encode(errors="replace"))
