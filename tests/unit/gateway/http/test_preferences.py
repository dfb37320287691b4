"""The header `Prefer: wait`."""

from datetime import timedelta

import pytest

from services.gateway.http.preferences import preferred_wait


@pytest.mark.parametrize(
    ("values", "seconds"),
    [
        ([], None),
        (["wait=5"], 5),
        (["WAIT = 5"], 5),
        (['wait="5"'], 5),
        (["respond-async, wait=5"], 5),
        (["respond-async", "wait=5; x=y"], 5),
        (["wait=5, wait=9"], 5),
        (["wait=3600"], 30),
        (["wait=0"], None),
        (["wait=-1"], None),
        (["wait=x"], None),
        (["wait"], None),
        (["wait=99999999999999999999"], None),
    ],
)
def test_a_wait_is_read_from_the_preferences(values: list[str], seconds: int | None) -> None:
    expected = None if seconds is None else timedelta(seconds=seconds)

    assert preferred_wait(values) == expected
