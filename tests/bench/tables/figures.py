"""Percentiles, ratios and growth of measured values. Pure."""

from collections.abc import Sequence
from statistics import linear_regression, median

__all__ = ["growth", "median", "percentile", "ratio"]


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that `percent` of all values do not exceed (nearest rank).

    Raises:
        ValueError: There are no values.
    """
    if not values:
        raise ValueError("no values")
    rank = -(-len(values) * percent // 100)
    return sorted(values)[max(0, int(rank) - 1)]


def ratio(ours: float, theirs: float) -> float | None:
    """Return ours divided by theirs; None where there is nothing to compare with."""
    return ours / theirs if theirs else None


def growth(points: Sequence[tuple[float, float]]) -> float | None:
    """Return by how much y grows with each x: the least-squares slope of (x, y) points.

    None where the points say nothing: fewer than two different x.
    """
    if len({x for x, _ in points}) < 2:
        return None
    return linear_regression([x for x, _ in points], [y for _, y in points]).slope
