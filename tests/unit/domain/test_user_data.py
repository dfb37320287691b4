"""Changes of user data, and their limits."""

import pytest

from shared.domain.errors import TooLargeError
from shared.domain.user_data import LARGEST, MOST_KEYS, change_user_data


def test_named_keys_are_overwritten_and_the_rest_is_kept() -> None:
    assert change_user_data({"a": 1, "b": 2}, {"b": 3, "c": 4}, {}) == {"a": 1, "b": 3, "c": 4}


def test_sub_keys_go_alone_and_whole_keys_with_all_they_hold() -> None:
    before = {"a": {"x": 1, "y": 2}, "b": {"x": 1}, "c": 3}

    after = change_user_data(before, {}, {"a": ["x"], "b": [], "c": [], "absent": ["x"]})

    assert after == {"a": {"y": 2}}


def test_repeated_updates_do_not_grow_beyond_the_whole_bound() -> None:
    data: dict[str, object] = {}

    for number in range(3):
        data = change_user_data(data, {f"k{number}": "x" * (LARGEST // 4)}, {})

    with pytest.raises(TooLargeError):
        change_user_data(data, {"k3": "x" * (LARGEST // 4)}, {})


def test_more_keys_than_allowed_are_refused_however_small() -> None:
    full = {str(number): 1 for number in range(MOST_KEYS)}

    assert change_user_data(full, {"0": 2}, {}) == full | {"0": 2}
    with pytest.raises(TooLargeError):
        change_user_data(full, {"one more": 1}, {})


def test_size_inside_a_key_counts() -> None:
    with pytest.raises(TooLargeError):
        change_user_data({}, {"a": {"b": ["é" * (LARGEST // 2)]}}, {})


def test_oversized_user_data_may_become_smaller() -> None:
    large = {"a": "x" * LARGEST, "b": "y", **{str(number): 1 for number in range(MOST_KEYS)}}

    assert "b" not in change_user_data(large, {}, {"b": []})
    assert change_user_data(large, {"a": "x"}, {})["a"] == "x"
    with pytest.raises(TooLargeError):
        change_user_data(large, {"b": "yy"}, {})


def test_user_data_of_operators_need_not_be_json() -> None:
    assert change_user_data({"a": b"\xff"}, {"b": 1}, {}) == {"a": b"\xff", "b": 1}
