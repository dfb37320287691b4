"""The share of the processor that the input of one user's websockets may take."""

import asyncio
from typing import Final

SHARE: Final = 0.1
"""Processor seconds for each second; three thousand messages take so much."""

AT_ONCE: Final = 0.5
"""Processor seconds that may be spent at once after a pause. A collection of garbage, which falls
upon somebody's input, takes a tenth of it."""

AT_ONCE_BEFORE_LOGIN: Final = 0.05
"""The same while nobody knows yet whose input it is."""

FULL_AFTER: Final = AT_ONCE / SHARE
"""Seconds without input after which all of it is back, where there was no debt."""

_LEAST_PAUSE: Final = 0.001
"""Seconds between two looks at a share; a rest lost in rounding would lead to endless ones."""


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

    def full_in(self, now: float) -> float:
        """Return after how many seconds without input all of it is back."""
        self._refill(now)
        return (self._at_once - self._left) / SHARE

    def _refill(self, now: float) -> None:
        self._left = min(self._at_once, self._left + (now - self._at) * SHARE)
        self._at = now


class UserShares:
    """The shares of all users, each kept without a socket until all of it is back.

    So a user who reconnects goes on with what is left, or with the debt.
    """

    def __init__(self) -> None:
        self._shares: dict[str, ProcessorShare] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def acquire(self, user_id: str) -> ProcessorShare:
        """Return the share of a user who has a socket, and keep it until `release`."""
        if timer := self._timers.pop(user_id, None):
            timer.cancel()
        if user_id not in self._shares:
            self._shares[user_id] = ProcessorShare(asyncio.get_running_loop().time())
        return self._shares[user_id]

    def release(self, user_id: str) -> None:
        """Note that a user's last socket has ended."""
        # Not forgotten at once: the input that ended the socket is counted after this call.
        self._check_after(0.0, user_id)

    def _check_after(self, seconds: float, user_id: str) -> None:
        self._timers[user_id] = asyncio.get_running_loop().call_later(
            seconds + _LEAST_PAUSE, self._forget_if_full, user_id
        )

    def _forget_if_full(self, user_id: str) -> None:
        del self._timers[user_id]
        seconds = self._shares[user_id].full_in(asyncio.get_running_loop().time())
        if seconds > 0.0:
            self._check_after(seconds, user_id)
        else:
            del self._shares[user_id]
