"""The benchmark's figures follow from its measurements."""

import pytest

from tests.bench.tables.figures import growth, percentile, ratio


@pytest.mark.parametrize(
    ("percent", "expected"), [(50, 50.0), (99, 99.0), (100, 100.0), (0, 1.0), (0.5, 1.0)]
)
def test_a_percentile_is_the_value_of_the_nearest_rank(percent: float, expected: float) -> None:
    shuffled = [float(number * 37 % 101) for number in range(1, 101)]

    assert percentile(shuffled, percent) == expected


def test_single_value_is_every_percentile() -> None:
    assert percentile([7.0], 99) == 7.0


def test_nothing_has_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


def test_a_ratio_is_ours_by_theirs() -> None:
    assert ratio(50.0, 200.0) == 0.25


def test_nothing_is_compared_with_nothing() -> None:
    assert ratio(50.0, 0.0) is None


def test_growth_is_the_slope_of_the_line_through_the_points() -> None:
    points = [(1_000.0, 80.1), (2_000.0, 80.2), (3_000.0, 80.3)]

    assert growth(points) == pytest.approx(0.0001)


@pytest.mark.parametrize("points", [[], [(5.0, 1.0)], [(5.0, 1.0), (5.0, 2.0)]])
def test_too_few_points_say_nothing_about_growth(points: list[tuple[float, float]]) -> None:
    assert growth(points) is None
