"""Opening hours in `contact-center.yaml`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Annotated, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from shared.contracts.description.sections import Name, Section
from shared.domain.opening_hours import DAY, Closing, Opening, is_open, overlap

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIMES: Final = re.compile(
    r"([01][0-9]|2[0-3]):([0-5][0-9])-(?:(2[0-3]|[01][0-9]):([0-5][0-9])|24:00)"
)
_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")
_DATE: Final = re.compile(r"(?:([0-9]{4})-)?([0-9]{2})-([0-9]{2})")
_LEAP_YEAR: Final = 2028
_MOST_TIMES: Final = 20
_MOST_CLOSED: Final = 1_000
_MOST_HOURS: Final = 50


def _days(key: str) -> str:
    _weekdays(key)
    return key.lower()


def _weekdays(key: str) -> Sequence[int]:
    first, _, last = key.lower().partition("-")
    if first not in _DAYS or (last or first) not in _DAYS:
        raise ValueError("days look like `mon` or `mon-fri`: mon, tue, wed, thu, fri, sat, sun")
    begin, end = _DAYS.index(first), _DAYS.index(last or first)
    return [day % 7 for day in range(begin, (end if end >= begin else end + 7) + 1)]


def _times(value: str) -> str:
    begin, end = _span(value)
    if begin == end:
        raise ValueError("hours have to end after they begin; all day is `00:00-24:00`")
    return value


def _span(value: str) -> tuple[int, int]:
    if not _TIMES.fullmatch(value):
        raise ValueError("times look like `08:00-12:30`; all day is `00:00-24:00`")
    begin, end = map(_minute, value.split("-"))
    return begin, end


def _minute(value: str) -> int:
    hour, minute = value.split(":")
    return int(hour) * 60 + int(minute)


def _time(value: str) -> str:
    if not _TIME.fullmatch(value):
        raise ValueError("a time looks like `13:00`, in quotes")
    return value


def _quoted_time(value: object) -> object:
    # YAML reads 13:00 without quotes as the number 780.
    if isinstance(value, int):
        raise ValueError('write a time in quotes, such as "13:00"')  # noqa: TRY004 - pydantic's kind
    return value


def _date_text(value: object) -> object:
    # YAML reads 2026-12-25 as a date.
    return (
        value.isoformat() if isinstance(value, date) and not isinstance(value, datetime) else value
    )


def _date(value: str) -> str:
    found = _DATE.fullmatch(value)
    words = "a day looks like 2026-12-25, or 12-25 for each year"
    if not found:
        raise ValueError(words)
    try:
        date(int(found[1] or _LEAP_YEAR), int(found[2]), int(found[3]))
    except ValueError:
        raise ValueError(f"{value} is no day of the calendar: {words}") from None
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"there is no time zone {value!r}: write one such as Europe/Berlin"
        ) from None
    return value


Times = Annotated[str, AfterValidator(_times)]
Time = Annotated[str, BeforeValidator(_quoted_time), AfterValidator(_time)]
Week = dict[
    Annotated[str, AfterValidator(_days)],
    Annotated[tuple[Times, ...], Field(max_length=_MOST_TIMES)],
]


class ClosedTime(Section):
    """A day that is closed, each year if it has none; `from` and `to` close a part of it."""

    day: Annotated[str, BeforeValidator(_date_text), AfterValidator(_date)]
    from_: Annotated[Time, Field(alias="from")] = "00:00"
    to: Time = "24:00"
    name: Annotated[str, Field(max_length=100)] = ""

    model_config = Section.model_config | {
        "validate_by_name": True,
        "validate_by_alias": True,
        "serialize_by_alias": True,
    }

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> "ClosedTime":
        if _minute(self.to) <= _minute(self.from_):
            raise ValueError("`to` has to be later than `from`, on the same day")
        return self

    @property
    def closing(self) -> Closing:
        """The same as numbers."""
        year, month, day = _DATE.fullmatch(self.day).groups()  # type: ignore[union-attr]
        return Closing(
            int(month), int(day), int(year) if year else None, _minute(self.from_), _minute(self.to)
        )


class OpeningHours(Section):
    """Hours that rules and acknowledgements name, on the clocks of a time zone.

    `week` has times by days, such as `mon-fri: ["08:00-12:00", "13:00-18:00"]`; a day that it
    leaves out is closed. Times after midnight belong to the day on which they begin
    (`22:00-06:00`). `closed` are days that differ from the week.
    """

    name: Name
    time_zone: Annotated[str, AfterValidator(_zone)]
    week: Annotated[Week, Field(min_length=1)]
    closed: Annotated[
        tuple[ClosedTime, ...], Field(max_length=_MOST_CLOSED, exclude_if=lambda value: not value)
    ] = ()

    @model_validator(mode="after")
    def _has_no_minute_twice(self) -> "OpeningHours":
        if twice := overlap(tuple(_openings(self.week))):
            first, second = (_DAYS[one.weekday] for one in twice)
            raise ValueError(
                f"times overlap on {first}" + (f" and {second}" if second != first else "")
            )
        return self

    def is_open(self, at: datetime) -> bool:
        """Say whether a moment lies in these hours."""
        closings = tuple(one.closing for one in self.closed)
        return is_open(tuple(_openings(self.week)), closings, _known_zone(self.time_zone), at)


def _openings(week: Mapping[str, Sequence[str]]) -> Iterator[Opening]:
    for days, times in week.items():
        for weekday in _weekdays(days):
            for begin, end in map(_span, times):
                yield Opening(weekday, begin, end if end > begin else end + DAY)


@lru_cache
def _known_zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def open_names(hours: Sequence[OpeningHours], at: datetime) -> frozenset[str]:
    """Return the names of the hours in which a moment lies."""
    return frozenset(one.name for one in hours if one.is_open(at))


AllHours = Annotated[
    tuple[OpeningHours, ...], Field(max_length=_MOST_HOURS, exclude_if=lambda value: not value)
]
"""All opening hours of a description."""
