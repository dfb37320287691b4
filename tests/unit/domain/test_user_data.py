"""What operators and agents attach to a mail."""

from shared.domain.user_data import change_user_data


def test_named_keys_are_overwritten_and_the_rest_is_kept() -> None:
    assert change_user_data({"a": 1, "b": 2}, {"b": 3, "c": 4}, {}) == {"a": 1, "b": 3, "c": 4}


def test_sub_keys_go_alone_and_whole_keys_with_all_they_hold() -> None:
    before = {"a": {"x": 1, "y": 2}, "b": {"x": 1}, "c": 3}

    after = change_user_data(before, {}, {"a": ["x"], "b": [], "c": [], "absent": ["x"]})

    assert after == {"a": {"y": 2}}
