"""The one source of time for what pods compare with each other: the database's clock."""

import time
from datetime import datetime, timedelta
from typing import Final

import structlog
from prometheus_client import Gauge

from shared.domain.clock import Clock, SystemClock
from shared.storage.database.client import Database, database_errors

log = structlog.get_logger()

MEASURED_EVERY: Final = timedelta(seconds=10)
_SAMPLES: Final = 3
_NOISE: Final = timedelta(milliseconds=50)
"""Clocks that are closer count as one: a network's delays differ by as much."""

SKEW: Final = Gauge(
    "mailroom_clock_skew_seconds", "How far this machine's clock is ahead of the database's"
)


class DatabaseClock:
    """The time of this machine, corrected by how far it is from the database's.

    Deadlines and leases are written by one pod and judged by another, whose machine may have
    another time. The correction is measured at the start and every few seconds, so that reading
    the time costs no question.
    """

    def __init__(self, database: Database, machine: Clock | None = None) -> None:
        self._database = database
        self._machine = machine or SystemClock()
        self._skew = timedelta(0)
        self._answered_at = time.monotonic()

    @property
    def skew(self) -> timedelta:
        """How far the machine's clock was ahead of the database's when it was last measured."""
        return self._skew

    def silence(self) -> timedelta:
        """Return for how long the database has not answered; it is asked every few seconds."""
        return timedelta(seconds=time.monotonic() - self._answered_at)

    def now(self) -> datetime:
        """Return the database's present moment in UTC, cut to milliseconds."""
        return self._machine.now() - self._skew

    async def measure(self) -> None:
        """Compare both clocks.

        Raises:
            Unavailable: The database does not answer.
        """
        delay, skew = min([await self._sample() for _ in range(_SAMPLES)])
        if abs(skew - self._skew) <= max(delay, _NOISE):
            return
        log.warning(
            "clock differs from the database's",
            skew_seconds=skew.total_seconds(),
            before_seconds=self._skew.total_seconds(),
        )
        self._skew = skew
        SKEW.set(skew.total_seconds())

    async def _sample(self) -> tuple[timedelta, timedelta]:
        """Return how long a question took, and the skew that it showed."""
        asked_at, began = self._machine.now(), time.monotonic()
        async with database_errors():
            hello = await self._database.command(
                "hello", codec_options=self._database.codec_options
            )
        self._answered_at = time.monotonic()
        delay = timedelta(seconds=self._answered_at - began)
        skew = asked_at + delay / 2 - hello["localTime"]
        # Whole milliseconds, as everything that is stored.
        return delay, timedelta(milliseconds=round(skew.total_seconds() * 1000))
