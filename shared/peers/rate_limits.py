"""Limits on how often a source may do something within a minute. Pure."""

from typing import Final

_MINUTE: Final = 60.0
# Strangers choose the sources, so the number of those remembered is bounded.
_MOST_SOURCES: Final = 10_000


class RateLimits:
    """A bucket for each source: it holds what it may do in a minute, and fills up evenly.

    Of more than 10,000 sources, the one that came last the longest ago is forgotten.
    """

    def __init__(self, per_minute: int) -> None:
        self._most = float(per_minute)
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, source: str, now: float) -> float:
        """Count one more of a source; return 0, or for how many seconds the source has to wait.

        `now` is in seconds of any clock that does not go back. Refusals are not counted.
        """
        left, at = self._buckets.pop(source, (self._most, now))
        left = min(self._most, left + (now - at) * self._most / _MINUTE)
        wait = 0.0 if left >= 1 else (1 - left) * _MINUTE / self._most
        self._buckets[source] = (left if wait else left - 1, now)
        if len(self._buckets) > _MOST_SOURCES:
            del self._buckets[next(iter(self._buckets))]
        return wait
