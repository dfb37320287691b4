"""Slows down whoever guesses passwords."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

_REMEMBERED: Final = 10_000


@dataclass(slots=True)
class _Failures:
    """How often in a row, and until when nothing more is tried."""

    count: int = 0
    until: float = 0.0


class Brake:
    """Counts failures by key; times are monotonic seconds.

    The first `free` failures cost nothing, each further one doubles the wait from one second up
    to `longest`.
    """

    def __init__(
        self,
        *,
        free: int = 5,
        longest: timedelta = timedelta(minutes=5),
        remembered: int = _REMEMBERED,
    ) -> None:
        self._free = free
        self._longest = longest.total_seconds()
        self._remembered = remembered
        self._failures: OrderedDict[tuple[str, str], _Failures] = OrderedDict()

    def wait(self, key: tuple[str, str], now: float) -> float:
        """Return how many seconds must pass before another try; 0 if none."""
        failures = self._failures.get(key)
        return max(0.0, failures.until - now) if failures else 0.0

    def fail(self, key: tuple[str, str], now: float) -> None:
        """Note a failure."""
        failures = self._failures.setdefault(key, _Failures())
        self._failures.move_to_end(key)
        failures.count += 1
        excess = failures.count - self._free
        if excess > 0:
            failures.until = now + min(self._longest, 2.0 ** min(excess - 1, 30))
        if len(self._failures) > self._remembered:
            self._failures.popitem(last=False)

    def succeed(self, key: tuple[str, str]) -> None:
        """Forget the failures of a key."""
        self._failures.pop(key, None)
