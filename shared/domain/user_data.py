"""The user data of an interaction: what operators and agents attach to a mail."""

from collections.abc import Mapping, Sequence


def change_user_data(
    before: Mapping[str, object],
    put: Mapping[str, object],
    remove: Mapping[str, Sequence[str]],
) -> dict[str, object]:
    """Return the user data with some keys set and others removed.

    `remove` names keys; where it lists sub-keys, only those go (seed 002, DeleteUserData). An
    absent key is no error.
    """
    after = {**before, **put}
    for key, sub_keys in remove.items():
        value = after.get(key)
        if sub_keys and isinstance(value, Mapping):
            after[key] = {name: one for name, one in value.items() if name not in sub_keys}
        else:
            after.pop(key, None)
    return after
