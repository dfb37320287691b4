"""The least speed at which a mail or a file has to arrive. Pure."""

from datetime import timedelta
from typing import Final

SLOWEST: Final = 500
"""Bytes per second, unless the settings say otherwise; the same for SMTP and HTTP."""

LATER_FACTOR: Final = 20
"""After `_AT_SLOWEST` a transfer needs so many times the least speed: 80 kbit/s."""

# Enough for 300 kB at the least speed, at which 50 MB would hold their place for 28 hours.
_AT_SLOWEST: Final = timedelta(minutes=10)


class TransferPace:
    """The speed of one transfer. Times are seconds of one clock, such as the event loop's.

    A transfer may pause for `silence` at a time, and has to come with `slowest` bytes per second on
    average. After ten minutes it has to come with `LATER_FACTOR` times as many, so the time
    of a transfer is bounded by its size: 50 MB take 84 minutes at most.
    """

    def __init__(self, silence: timedelta, slowest: int, now: float) -> None:
        self._silence = silence.total_seconds()
        self._slowest = slowest
        self._started_at = now
        self.octets = 0

    def add(self, octets: int) -> None:
        """Count octets that have arrived."""
        self.octets += octets

    def seconds_left(self, now: float) -> float:
        """Return for how many seconds to wait for the next octets; 0 if they are too late."""
        at_slowest = self._silence + self.octets / self._slowest
        later = self._silence + self.octets / (LATER_FACTOR * self._slowest)
        longest = min(at_slowest, max(_AT_SLOWEST.total_seconds(), later))
        return max(0.0, min(self._silence, self._started_at + longest - now))
