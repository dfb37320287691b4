"""Pods whose machines have different times agree on the database's."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from shared.storage.database.client import Database, open_database
from shared.storage.database.clock import DatabaseClock
from tests.doubles.clock import MovableClock

pytestmark = pytest.mark.connected

AGREED = timedelta(seconds=1)


@pytest.fixture
async def opened(database_url: str) -> AsyncIterator[Database]:
    """The test's own database."""
    async with open_database(database_url, name="test") as opened:
        yield opened


async def time_of(database: Database) -> datetime:
    hello = await database.command("hello", codec_options=database.codec_options)
    return hello["localTime"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("ahead", [timedelta(seconds=90), timedelta(days=-3)])
async def test_a_machine_with_another_time_takes_the_databases(
    opened: Database, ahead: timedelta
) -> None:
    machine = MovableClock()
    machine.move(await time_of(opened) + ahead - machine.now())
    clock = DatabaseClock(opened, machine)

    await clock.measure()

    assert abs(clock.now() - await time_of(opened)) < AGREED
    assert abs(clock.skew - ahead) < AGREED


async def test_a_machine_set_right_meanwhile_is_followed(opened: Database) -> None:
    machine = MovableClock()
    machine.move(await time_of(opened) + timedelta(hours=1) - machine.now())
    clock = DatabaseClock(opened, machine)
    await clock.measure()

    machine.move(-timedelta(hours=1))
    await clock.measure()

    assert abs(clock.skew) < AGREED


async def test_clocks_that_agree_but_for_noise_are_left_alone(opened: Database) -> None:
    clock = DatabaseClock(opened)

    await clock.measure()

    assert clock.skew == timedelta(0)
    assert abs(clock.now() - datetime.now(UTC)) < AGREED
