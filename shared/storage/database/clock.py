"""The clock of the database, for times that pods compare with each other."""

import time
from datetime import datetime, timedelta
from typing import Final

import structlog
from prometheus_client import Gauge

from shared.domain.clock import Clock, SystemClock
from shared.storage.database.client import Database, database_errors

log = structlog.get_logger()

# A clock that NTP sets right moves within seconds; a measurement is three small reads.
MEASURED_EVERY: Final = timedelta(seconds=10)
# The fastest of several round trips says most about the difference.
_SAMPLES: Final = 3
_NOISE: Final = timedelta(milliseconds=50)
"""Smaller differences are ignored, because network delays vary by as much."""

SKEW: Final = Gauge(
    "mailroom_clock_skew_seconds", "How far this machine's clock is ahead of the database's"
)


class DatabaseClock:
    """The time of this machine, corrected by how far it is from the database's.

    One pod writes deadlines and leases and another compares them, on a machine whose clock may
    differ. The correction is measured at the start and every ten seconds, so that `now` needs no
    round trip.
    """

    def __init__(self, database: Database, machine: Clock | None = None) -> None:
        self._database = database
        self._machine = machine or SystemClock()
        self._skew = timedelta(0)
        self._answered_at = time.monotonic()

    @property
    def skew(self) -> timedelta:
        """The lead of the machine's clock over the database's at the last measurement."""
        return self._skew

    def silence(self) -> timedelta:
        """Return the time since the database last answered; it is asked every ten seconds."""
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
        """Return the duration of one round trip, and the skew that it showed."""
        asked_at, began = self._machine.now(), time.monotonic()
        async with database_errors():
            hello = await self._database.command(
                "hello", codec_options=self._database.codec_options
            )
        self._answered_at = time.monotonic()
        delay = timedelta(seconds=self._answered_at - began)
        skew = asked_at + delay / 2 - hello["localTime"]
        # Stored times have whole milliseconds.
        return delay, timedelta(milliseconds=round(skew.total_seconds() * 1000))
