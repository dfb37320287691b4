"""The share of the processor that the input of one user's websockets may take. Pure."""

from typing import Final

SHARE: Final = 0.1
"""Processor seconds for each second; three thousand messages take so much."""

AT_ONCE: Final = 0.5
"""Processor seconds that may be spent at once after a pause. A collection of garbage, which falls
upon somebody's input, takes a tenth of it."""

AT_ONCE_BEFORE_LOGIN: Final = 0.05
"""The same while nobody knows yet whose input it is."""

FULL_AFTER: Final = AT_ONCE / SHARE
"""Seconds without input after which all of it is back."""


class ProcessorShare:
    """Processor seconds that a user's input has left; they come back with time.

    More may be spent than is left, because a cost is known only afterwards. Then further input has
    to wait until the debt is paid. `now` is the time of one loop, in seconds.
    """

    def __init__(self, now: float, at_once: float = AT_ONCE) -> None:
        self._left = self._at_once = at_once
        self._at = now

    def spend(self, seconds: float, now: float) -> None:
        """Count processor seconds that input has taken."""
        self._refill(now)
        self._left -= seconds

    def delay(self, now: float) -> float:
        """Return for how many seconds further input has to wait."""
        self._refill(now)
        return max(0.0, -self._left / SHARE)

    def _refill(self, now: float) -> None:
        self._left = min(self._at_once, self._left + (now - self._at) * SHARE)
        self._at = now
