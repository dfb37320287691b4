"""Fetching killed at each of its steps, with a real IMAP server: no mail is lost, none is twice."""

import asyncio
import os
import secrets
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from deploy.local.processes.child import Child, Program
from deploy.local.processes.ports import free_port
from shared.domain.clock import SystemClock
from shared.mail.parsing.identity import body_hash, duplicate_key
from shared.mail.parsing.parser import parse_mail
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.database.client import Database, open_database
from shared.storage.mails import arrival_store
from tests.doubles.mails import mail, message_id
from tests.fixtures.imap_server import ImapServer, running_imap_server
from tests.support.fetching import PASSWORDS, SUPPORT, described, fetch
from tests.support.waiting import until

pytestmark = [pytest.mark.connected, pytest.mark.faults]

MAILS = 5
TOGETHER = 2
POINTS = ("before_store", "after_store", "after_watermark", "after_flag")


@pytest_asyncio.fixture(scope="module")
async def server() -> AsyncIterator[ImapServer]:
    async with running_imap_server() as running:
        yield running


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with open_database(database_url, name="test") as opened:
        yield opened


def fetching(vhost_url: str, database_url: str, folder: Path, point: str = "") -> Child:
    """Return a pod of fetching as a process; it dies at the second pass of a crash point."""
    environment = {
        **os.environ,
        **PASSWORDS,
        "RABBITMQ_URL": vhost_url,
        "MONGODB_URL": database_url,
        "PROBE_HOST": "127.0.0.1",
        "PROBE_PORT": str(free_port()),
        "FETCHING_LEASE": "5",
        "FETCHING_SWEEP": "0.2",
        "FETCHING_MAILS_TOGETHER": str(TOGETHER),
        "LOG_STYLE": "text",
        "MAILROOM_FAULTS": "1",
        "CRASH_AT": f"fetching.{point}:2" if point else "",
    }
    command = (sys.executable, "-m", "services.fetching")
    name = f"fetching-{point or 'again'}"
    return Child(Program(name, command, environment, folder / f"{name}.log"))


@pytest.mark.parametrize("point", POINTS)
async def test_killed_fetching_loses_no_mail_and_brings_none_twice(
    server: ImapServer,
    database: Database,
    vhost_url: str,
    database_url: str,
    tmp_path: Path,
    point: str,
) -> None:
    user = f"user{secrets.token_hex(4)}"
    server.append(user, *(mail(number) for number in range(1, MAILS + 1)))
    center = described(fetch(server.plain, user, since="2026-01-01"))
    await ConfigurationStore(database, SystemClock()).write(center)

    killed = fetching(vhost_url, database_url, tmp_path, point)
    try:
        assert await until(lambda: _has_ended(killed), 60)
    finally:
        await asyncio.to_thread(killed.stop)
    before = len(await _keys(database))
    again = fetching(vhost_url, database_url, tmp_path)
    try:
        assert await until(lambda: _is_seen(server, user), 60)
    finally:
        await asyncio.to_thread(again.stop)

    keys = await _keys(database)
    assert before == TOGETHER * (1 if point == "before_store" else 2)
    assert len(set(keys)) == MAILS
    assert len(keys) == MAILS + (TOGETHER if point == "after_store" else 0)


async def _has_ended(child: Child) -> bool:
    return not child.is_running()


async def _is_seen(server: ImapServer, user: str) -> bool:
    seen = await asyncio.to_thread(server.uids, user, "INBOX", "SEEN")
    return len(seen) == MAILS


async def _keys(database: Database) -> list[str]:
    """Return the key of each arrival; ingest makes one interaction of all with the same."""
    found = await database[arrival_store.COLLECTION].find({}, {"raw": 1}).to_list()
    raws = [one["raw"] for one in found]
    assert {parse_mail(raw).message_id for raw in raws} <= {
        message_id(number) for number in range(1, MAILS + 1)
    }
    return [duplicate_key(SUPPORT, parse_mail(raw).message_id, body_hash(raw)) for raw in raws]
