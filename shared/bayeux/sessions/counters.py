"""The protocol's counters: plain numbers, so that it needs no metrics library."""

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Final

BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""The upper bounds of the buckets of delays, in seconds."""


@dataclass(slots=True)
class Delays:
    """A histogram of the time that events waited; the last bucket has no upper bound."""

    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    total: float = 0.0

    def note(self, seconds: float) -> None:
        """Count one delay."""
        self.buckets[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds


@dataclass(slots=True)
class Counters:
    """Totals since the start of the process."""

    handshakes: int = 0
    published: int = 0
    queued: int = 0
    redelivered: int = 0
    overflows: int = 0
    expired: int = 0
    unknown_sessions: int = 0
    superseded: int = 0
    denied: int = 0
    handed_on: int = 0
    delays: Delays = field(default_factory=Delays)
