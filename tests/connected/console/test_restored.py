"""Backup and restore as `deploy/BACKUP.md` says, by a copy of the database's stopped volume."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from deploy.local.folders import LOCAL
from deploy.local.processes.ports import free_port
from deploy.local.programs.mongod import find_mongod
from deploy.local.progress import NotPossibleError
from deploy.local.servers.mongodb import LocalMongoDB
from services.console.commands import uncertain_deliveries
from services.console.commands.restored import announce_restore
from shared.domain.deliveries.delivery import DeliveryState as State
from shared.domain.errors import PositionGoneError
from shared.domain.ids import new_id
from shared.storage.database.client import Database, open_database
from shared.storage.indexes import create_indexes
from shared.storage.journal import Announced, Journal, JournalAppender
from shared.storage.mails.delivery_store import DeliveryStore, new_delivery
from tests.doubles.clock import MovableClock
from tests.fixtures.servers import refuse
from tests.support.backend import cause

pytestmark = pytest.mark.connected

CLOCK = MovableClock()
LEASE = timedelta(minutes=1)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LocalMongoDB]:
    """A database whose volume a test may replace."""
    with ExitStack() as stack:
        try:
            started = LocalMongoDB(tmp_path / "mongodb", free_port(), find_mongod(LOCAL))
            stack.callback(started.discard)
            started.start()
        except NotPossibleError as reason:
            refuse("MONGODB_URL", reason)
        yield started


async def announce_nothing(*_: object) -> None:
    """Keep what is owed in the outbox."""


def deliveries_of(database: Database) -> DeliveryStore:
    return DeliveryStore(database, CLOCK, announce_nothing)


async def append(database: Database, *events: str) -> None:
    writing = JournalAppender(database, CLOCK, retention=timedelta(hours=72))
    await writing.append([Announced(event, "anna", b"{}") for event in events])


async def submit(database: Database) -> str:
    mail = new_delivery(
        interaction_id=new_id(),
        agent_id="anna",
        message_id="<1@demo.example>",
        sender="support@demo.example",
        recipients=["ann@example.org"],
        now=CLOCK.now(),
    )
    await deliveries_of(database).add(mail, b"mail", cause())
    return mail.id


async def test_a_restored_volume_sends_no_mail_twice_and_gives_no_position_again(
    server: LocalMongoDB, tmp_path: Path, vhost_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RABBITMQ_URL", vhost_url)
    monkeypatch.setenv("MONGODB_URL", server.url)
    volume, backup = tmp_path / "mongodb" / "db", tmp_path / "backup"
    async with open_database(server.url, name="test") as database:
        await create_indexes(database)
        await append(database, "before")
        mail = await submit(database)
    server.stop()
    shutil.copytree(volume, backup)
    server.start()
    async with open_database(server.url, name="test") as database:
        await append(database, "lost")
        assert await deliveries_of(database).claim(mail, "outbound", LEASE)

    server.stop()
    shutil.rmtree(volume)
    shutil.copytree(backup, volume)
    server.start()
    await announce_restore()

    async with open_database(server.url, name="test") as database:
        await append(database, "after", "that")
        with pytest.raises(PositionGoneError):
            (await Journal(database).span("anna")).start(2)
        held = await deliveries_of(database).claim(mail, "outbound", LEASE)
        delivery = await deliveries_of(database).get(mail)
    assert held is None
    assert delivery is not None
    assert delivery.state is State.UNCERTAIN


async def test_resend_all_without_doubts_sends_nothing(
    database_url: str, vhost_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RABBITMQ_URL", vhost_url)
    monkeypatch.setenv("MONGODB_URL", database_url)
    async with open_database(database_url, name="test") as database:
        mail = await submit(database)

    await uncertain_deliveries.resend_all(sure=True)

    async with open_database(database_url, name="test") as database:
        delivery = await deliveries_of(database).get(mail)
    assert delivery is not None
    assert delivery.state is State.QUEUED
