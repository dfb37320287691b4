"""Opening hours: by the clocks of a time zone, with days that differ."""

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.contracts.hours import OpeningHours, open_names

WEEK = {"mon-fri": ["08:00-12:00", "13:00-18:00"], "sat": ["22:00-06:00"]}


def hours(**fields: Any) -> OpeningHours:
    given = {"name": "office", "time_zone": "Europe/Berlin", "week": WEEK, **fields}
    return OpeningHours.model_validate(given)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-30 06:59", False),  # Monday in Berlin, one hour ahead of UTC
        ("2026-11-30 07:00", True),
        ("2026-11-30 11:00", False),
        ("2026-11-30 16:59", True),
        ("2026-11-30 17:00", False),
        ("2026-07-06 06:00", True),  # two hours ahead in summer
        ("2026-12-05 20:59", False),
        ("2026-12-05 23:59", True),  # Saturday, and on into Sunday
        ("2026-12-06 04:59", True),
        ("2026-12-06 05:00", False),
    ],
)
def test_moment_is_judged_by_the_clock_on_the_wall(moment: str, is_open: bool) -> None:
    assert hours().is_open(at(moment)) is is_open


@pytest.mark.parametrize(
    ("closed", "moment", "is_open"),
    [
        ({"day": "2026-12-25"}, "2026-12-25 09:00", False),
        ({"day": "2026-12-25"}, "2028-12-25 09:00", True),  # a Monday
        ({"day": "12-25"}, "2028-12-25 09:00", False),
        ({"day": "12-24", "from": "13:00"}, "2026-12-24 09:00", True),
        ({"day": "12-24", "from": "13:00"}, "2026-12-24 12:00", False),
        ({"day": "12-24", "to": "10:00"}, "2026-12-24 09:00", True),
    ],
)
def test_closed_day_differs_from_the_week(
    closed: dict[str, str], moment: str, is_open: bool
) -> None:
    assert hours(closed=[closed]).is_open(at(moment)) is is_open


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-12-25 01:00", True),  # the night that began on the 24th
        ("2026-12-25 22:00", False),
        ("2026-12-26 02:00", False),  # the night that would have begun on the closed day
        ("2026-12-26 22:00", True),
    ],
)
def test_night_of_a_closed_day_is_closed_to_its_end(moment: str, is_open: bool) -> None:
    nights = hours(week={"mon-sun": ["22:00-06:00"]}, closed=[{"day": "2026-12-25"}])

    assert nights.is_open(at(moment)) is is_open


def test_hour_that_comes_twice_is_open_both_times() -> None:
    night = hours(week={"sun": ["02:00-02:30"]})

    # On 2026-10-25 the clocks of Berlin go from 03:00 back to 02:00.
    assert [night.is_open(at(f"2026-10-25 0{hour}:15")) for hour in (0, 1, 2)] == [
        True,
        True,
        False,
    ]


def test_hour_that_is_left_out_is_open_never() -> None:
    night = hours(week={"sun": ["02:00-02:30"]})

    # On 2026-03-29 the clocks of Berlin go from 02:00 to 03:00.
    assert not any(night.is_open(at(f"2026-03-29 0{hour}:15")) for hour in (0, 1, 2))


def test_open_hours_are_named() -> None:
    several = [hours(), hours(name="sundays", week={"sun": ["00:00-24:00"]})]

    assert open_names(several, at("2026-12-06 12:00")) == {"sundays"}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"time_zone": "Europe/Berin"}, "there is no time zone 'Europe/Berin'"),
        ({"time_zone": "../../etc/passwd"}, "there is no time zone"),
        ({"week": {}}, "at least 1"),
        ({"week": {"mo": ["08:00-09:00"]}}, "days look like `mon` or `mon-fri`"),
        ({"week": {"mon": ["8:00-9:00"]}}, "times look like `08:00-12:30`"),
        ({"week": {"mon": ["08:00-24:30"]}}, "times look like `08:00-12:30`"),
        ({"week": {"mon": ["08:00-08:00"]}}, "have to end after they begin"),
        ({"week": {"mon": ["08:00-12:00", "11:59-13:00"]}}, "times overlap on mon"),
        ({"week": {"mon-fri": ["08:00-12:00"], "wed": ["10:00-11:00"]}}, "times overlap on wed"),
        ({"week": {"sun": ["22:00-06:00"], "mon": ["05:00-08:00"]}}, "overlap on sun and mon"),
        ({"closed": [{"day": "2026-02-30"}]}, "2026-02-30 is no day of the calendar"),
        ({"closed": [{"day": "Christmas"}]}, "a day looks like 2026-12-25"),
        ({"closed": [{"day": "12-24", "from": 780}]}, "write a time in quotes"),
        ({"closed": [{"day": "12-24", "from": "13:00", "to": "12:00"}]}, "later than `from`"),
    ],
)
def test_impossible_hours_are_refused_in_words(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        hours(**fields)
