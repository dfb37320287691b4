"""The doctor names mails that arrived and became nothing, and one command has them parsed."""

from datetime import timedelta

import pytest

from services.console.commands.apply import apply
from services.console.commands.parse import order_parsing
from services.console.exit_codes import NotPossibleError
from services.console.settings import ConsoleSettings
from services.console.store import SystemQueries
from shared.domain.clock import SystemClock
from shared.domain.ids import id_of
from shared.messaging.topology import INGEST
from shared.storage.database.client import Database
from tests.connected.console.test_doctor import DEMO, bad_lines
from tests.connected.messaging.queues import waiting_in

pytestmark = pytest.mark.connected

CLOCK = SystemClock()


async def arrived(database: Database, ago: timedelta, number: int = 0) -> str:
    """Return the id of a mail that arrived so long ago."""
    arrival_id = f"{id_of(CLOCK.now() - ago)}{number:08}"
    await database["arrivals"].insert_one({"_id": arrival_id})
    return arrival_id


async def test_mail_that_became_nothing_is_found(opened: Database) -> None:
    lost = await arrived(opened, timedelta(hours=1))
    shown = await arrived(opened, timedelta(hours=1), 1)
    copy = await arrived(opened, timedelta(hours=1), 2)
    await arrived(opened, timedelta(minutes=1))
    await opened["interactions"].insert_one({"_id": "1", "arrival_id": shown, "copies": [copy]})

    assert await SystemQueries(opened, CLOCK).unseen(timedelta(minutes=45)) == [lost]


async def test_doctor_says_what_to_type_for_mail_that_became_nothing(
    settings: ConsoleSettings, opened: Database
) -> None:
    lost = await arrived(opened, timedelta(hours=1))

    (line,) = [
        line for line in await bad_lines(settings) if "arrivals without an interaction" in line
    ]

    assert lost in line
    assert "`mailroom parse ARRIVAL_ID`" in line


async def test_mail_that_became_nothing_is_ordered_to_be_parsed(
    settings: ConsoleSettings, opened: Database
) -> None:
    await apply(DEMO, dry_run=False)
    lost = await arrived(opened, timedelta(hours=1))

    await order_parsing(lost)

    assert await waiting_in(settings.rabbitmq_url, INGEST.name) == 1


@pytest.mark.usefixtures("settings")
async def test_order_to_parse_an_unknown_arrival_is_refused() -> None:
    with pytest.raises(NotPossibleError, match="no arrival"):
        await order_parsing("NOSUCHARRIVAL000")
