"""The least speed at which a mail or a file has to arrive. Pure."""

from datetime import timedelta
from typing import Final

SLOWEST: Final = 500
"""Bytes per second, unless the settings say otherwise; the same for SMTP and HTTP."""

_SHORTEST_WAIT: Final = 0.001


class TransferPace:
    """The speed of one transfer. Times are seconds of one clock, such as the event loop's.

    A transfer may pause for `silence` at a time, and has to come with `slowest` bytes per second on
    average.
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
        """Return for how many seconds to wait for the next octets."""
        due = self._started_at + self._silence + self.octets / self._slowest
        return max(_SHORTEST_WAIT, min(self._silence, due - now))
