"""The numbering of journal positions, and from which one a client may continue."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import PositionGoneError
from shared.domain.journal_positions import (
    ALL_THAT_IS_KEPT,
    NEW_ONLY,
    Span,
    floor_after,
    next_positions,
    require_no_gap,
)


@pytest.mark.parametrize(
    ("asked", "start"), [(NEW_ONLY, 9), (ALL_THAT_IS_KEPT, 4), (4, 4), (7, 7), (9, 9)]
)
def test_reader_that_misses_nothing_may_go_on(asked: int, start: int) -> None:
    assert Span(oldest=5, newest=9).start(asked) == start


@pytest.mark.parametrize("asked", [0, 3, 10])
def test_reader_that_would_miss_something_is_told(asked: int) -> None:
    with pytest.raises(PositionGoneError, match=f"position {asked} is"):
        Span(oldest=5, newest=9).start(asked)


@pytest.mark.parametrize("asked", [NEW_ONLY, ALL_THAT_IS_KEPT, 9])
def test_an_empty_journal_goes_on_from_its_newest_position_only(asked: int) -> None:
    empty = Span(oldest=10, newest=9)

    assert empty.start(asked) == 9
    with pytest.raises(PositionGoneError):
        empty.start(8)


def test_positions_of_agents_are_independent() -> None:
    assert next_positions(["a", "b", "a", "c"], {"a": 7, "b": 0}) == [8, 1, 9, 1]


@given(st.lists(st.sampled_from("abc")), st.dictionaries(st.sampled_from("abc"), st.integers(0)))
def test_positions_of_an_agent_have_no_gap(agents: list[str], newest: dict[str, int]) -> None:
    positions = next_positions(agents, newest)

    for agent in "abc":
        of_agent = [at for at, one in zip(positions, agents, strict=True) if one == agent]
        require_no_gap(newest.get(agent, 0), of_agent)


@pytest.mark.parametrize("positions", [[6], [5, 7], [4, 5]])
def test_a_gap_is_never_passed_over(positions: list[int]) -> None:
    with pytest.raises(PositionGoneError):
        require_no_gap(4, positions)


def test_later_generation_begins_above_earlier_positions() -> None:
    restored_at = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
    first = floor_after(0, restored_at)

    assert first > 10**9
    assert floor_after(first, restored_at) - first > 10**6
    assert floor_after(0, restored_at + timedelta(seconds=1)) - first > 10**6


def test_positions_fit_into_the_numbers_of_javascript_until_2060() -> None:
    assert floor_after(0, datetime(2060, 1, 1, tzinfo=UTC)) < 2**53
