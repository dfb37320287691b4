"""Whether a moment lies in opening hours: days of the week, and days that differ. Pure.

Hours are those of a clock on the wall. One that the change to summer time leaves out is in none,
and one that comes twice counts both times.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

DAY: Final = 24 * 60
"""Minutes of a day."""

_WEEK: Final = 7 * DAY


@dataclass(frozen=True, slots=True)
class Opening:
    """Open from one minute of a day of the week (Monday is 0) to another.

    `end` is more than a day's minutes where the opening goes on after midnight.
    """

    weekday: int
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Closing:
    """Closed from one minute of a day to another; each year if no year is given.

    One that lasts until the end of its day goes on after midnight, for an opening of that day.
    """

    month: int
    day: int
    year: int | None = None
    begin: int = 0
    end: int = DAY

    def covers(self, day: date, minute: int) -> bool:
        """Say whether a minute is in it; after midnight an opening counts on from its day."""
        is_day = (day.month, day.day) == (self.month, self.day) and self.year in (None, day.year)
        return is_day and self.begin <= minute < (2 * DAY if self.end == DAY else self.end)


def is_open(
    openings: Sequence[Opening], closings: Sequence[Closing], zone: ZoneInfo, at: datetime
) -> bool:
    """Say whether a moment lies in an opening and in no closing, on the clocks of a time zone."""
    local = at.astimezone(zone)
    today, minute = local.date(), local.hour * 60 + local.minute
    # The opening of yesterday may go on after midnight.
    return any(
        any(one.weekday == day.weekday() and one.begin <= of_day < one.end for one in openings)
        and not any(one.covers(day, of_day) for one in closings)
        for day, of_day in ((today, minute), (today - timedelta(days=1), minute + DAY))
    )


def overlap(openings: Sequence[Opening]) -> tuple[Opening, Opening] | None:
    """Return two openings that share a minute, None if no two do; a week is a circle."""
    begins = sorted(openings, key=lambda one: one.weekday * DAY + one.begin)
    for index, one in enumerate(begins):
        after = begins[(index + 1) % len(begins)]
        begin = after.weekday * DAY + after.begin + (_WEEK if index + 1 == len(begins) else 0)
        if len(begins) > 1 and begin < one.weekday * DAY + one.end:
            return one, after
    return None
