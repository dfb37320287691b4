"""Where the time comes from, so that a test can move it."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Something that knows the time."""

    def now(self) -> datetime:
        """Return the present moment in UTC."""
        ...


class SystemClock:
    """The time of the machine."""

    def now(self) -> datetime:
        """Return the present moment in UTC, cut to the milliseconds that MongoDB keeps."""
        moment = datetime.now(UTC)
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
