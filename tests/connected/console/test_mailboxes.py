"""`mailroom mailboxes`, `look` and `backfill` on a real database."""

import asyncio
from datetime import UTC, datetime

import pytest

from services.console.commands import mailboxes
from services.console.commands.doctor import examine
from services.console.exit_codes import Exit, NotPossibleError
from services.console.settings import ConsoleSettings
from shared.domain.clock import SystemClock
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.database.client import Database
from shared.storage.mails import mailbox_store
from shared.storage.mails.mailbox_store import MailboxStore
from tests.support.fetching import SUPPORT, described, fetch
from tests.support.waiting import until

pytestmark = pytest.mark.connected

INBOX = f"{SUPPORT}/INBOX"


@pytest.fixture
async def fetched(
    settings: ConsoleSettings,  # noqa: ARG001 - it sets the environment
    opened: Database,
) -> Database:
    """A contact center with one fetched mailbox, into which nobody has looked yet."""
    center, clock = described(fetch(1)), SystemClock()
    await ConfigurationStore(opened, clock).write(center)
    await MailboxStore(opened).add_described(center, clock.now())
    return opened


async def test_mailboxes_are_printed_with_what_to_do(
    fetched: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    fault = {"code": "x", "words": "no login", "do": "set one", "needs_person": True}
    await fetched[mailbox_store.COLLECTION].update_one(
        {"_id": INBOX}, {"$set": {"faults": 1, "fault": fault}}
    )

    code = await mailboxes.show(None)

    assert code is Exit.NOT_FINE
    assert capsys.readouterr().out.splitlines() == [
        f"{SUPPORT:<32} sick     not looked into yet, mails today 0",
        "  INBOX: no login. Set one",
    ]


async def test_look_is_ordered(fetched: Database) -> None:
    await mailboxes.look(SUPPORT.upper())

    assert (await fetched[mailbox_store.COLLECTION].find_one({}) or {})["look_wanted_at"]


async def test_dry_backfill_waits_for_the_count(
    fetched: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    stored = fetched[mailbox_store.COLLECTION]
    asking = asyncio.create_task(mailboxes.backfill(SUPPORT, "2026-11-01", dry_run=True))

    async def is_asked() -> bool:
        return "backfill" in (await stored.find_one({}) or {})

    assert await until(is_asked, 10)
    counted = {"wanted_at": datetime.now(UTC), "mails": 7}
    await stored.update_one({}, {"$set": {"counted": counted}})
    await asking

    assert f"{SUPPORT}: 7 mails since 2026-11-01 are not here" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("address", "since"),
    [("x@y.example", "2026-11-01"), (SUPPORT, "soon"), (SUPPORT, "0001-01-01")],
)
async def test_impossible_backfills_are_refused(
    fetched: Database, address: str, since: str
) -> None:
    with pytest.raises(NotPossibleError):
        await mailboxes.backfill(address, since, dry_run=False)

    assert "backfill" not in (await fetched[mailbox_store.COLLECTION].find_one({}) or {})


async def test_doctor_has_a_line_for_each_mailbox(
    fetched: Database, settings: ConsoleSettings
) -> None:
    await fetched[mailbox_store.COLLECTION].update_one(
        {"_id": INBOX}, {"$set": {"last_good_at": datetime(2026, 1, 1, tzinfo=UTC)}}
    )

    found = [str(one) async for one in examine(settings, SystemClock())]

    assert any(one.startswith(f"bad  mail of {SUPPORT} is not fetched") for one in found)


async def test_doctor_names_a_password_until_it_is_used(
    fetched: Database, settings: ConsoleSettings
) -> None:
    note = (
        f"--   mailbox {SUPPORT}: DESK_PASSWORD is not set here: "
        "see that it is set in the environment of fetching"
    )

    before = [str(one) async for one in examine(settings, SystemClock())]
    await fetched[mailbox_store.COLLECTION].update_one(
        {"_id": INBOX}, {"$set": {"last_look_at": datetime.now(UTC)}}
    )
    after = [str(one) async for one in examine(settings, SystemClock())]

    assert note in before
    assert note not in after
