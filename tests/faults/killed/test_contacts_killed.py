"""`mailroom contact` killed between its two writes: nothing is half, and the next try ends it."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from shared.domain.clock import SystemClock
from shared.domain.contacts.contact import contact_id
from shared.storage.contacts.contact_store import ContactStore
from shared.storage.database.client import open_database

pytestmark = [pytest.mark.connected, pytest.mark.faults]

ANN, BOB = "ann@example.org", "bob@example.org"


@pytest_asyncio.fixture
async def contacts(
    vhost_url: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ContactStore]:
    """Two contacts."""
    monkeypatch.setenv("RABBITMQ_URL", vhost_url)
    monkeypatch.setenv("MONGODB_URL", database_url)
    async with open_database(database_url, name="test") as database:
        store = ContactStore(database, SystemClock())
        for address in (ANN, BOB):
            await store.meet(address, "", makes=True)
        yield store


async def mailroom(*arguments: str, dies_at: str = "") -> int:
    """Run `mailroom contact` as a process; return its exit code."""
    environment = {**os.environ, "MAILROOM_FAULTS": "1", "CRASH_AT": dies_at}
    command = (sys.executable, "-m", "services.console", "contact", *arguments)
    process = await asyncio.create_subprocess_exec(*command, env=environment)
    return await process.wait()


async def parts(contacts: ContactStore) -> set[str]:
    """Return the contacts of the person that Ann is."""
    return {one.id for one in (await contacts.get(contact_id(ANN))).everybody}


async def blocked(contacts: ContactStore) -> list[bool]:
    """Say of the mail of each address whether it is completed at once."""
    met = [await contacts.meet(address, "", makes=False) for address in (ANN, BOB)]
    return [one.is_blocked for one in met if one]


async def test_killed_merge_is_made_by_the_next_try(contacts: ContactStore) -> None:
    code = await mailroom("merge", BOB, ANN, dies_at="contacts.after_target")
    between = await parts(contacts)
    again = await mailroom("merge", BOB, ANN)

    assert (code, again) == (-signal.SIGKILL, 0)
    assert between == {contact_id(ANN)}
    assert await parts(contacts) == {contact_id(ANN), contact_id(BOB)}


@pytest.mark.parametrize(("order", "after"), [("block", True), ("unblock", False)])
async def test_killed_block_keeps_a_person_blocked_until_the_next_try(
    contacts: ContactStore, order: str, after: bool
) -> None:
    await mailroom("merge", BOB, ANN)
    if order == "unblock":
        await mailroom("block", ANN)
    code = await mailroom(order, ANN, dies_at="contacts.after_first")
    between = await blocked(contacts)
    again = await mailroom(order, ANN)

    assert (code, again) == (-signal.SIGKILL, 0)
    assert between == [True, True]
    assert await blocked(contacts) == [after, after]
