"""A backup replaces the database: no client goes on from a position that is given twice."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest

from shared.storage.journal_generations import JournalGenerations
from tests.cometd_client.client import CometdAgent
from tests.connected.backups import Backup
from tests.connected.gateway.notifications.test_journal import (
    CHANNELS,
    EVENTS,
    announce_changes,
    newest,
    positions,
    reached,
)
from tests.support.backend import Backend
from tests.support.gateway import Gateway, failure, hashed, running_gateway

pytestmark = pytest.mark.connected


@pytest.fixture
async def own_gateway(
    backend: Backend, vhost_url: str, database_url: str
) -> AsyncIterator[tuple[Gateway, httpx2.AsyncClient]]:
    """A gateway on a database that may be replaced, and the desktop of its agent."""
    await backend.add_agent("agent1", password_hash=hashed("agent1"), logged_in=True)
    async with running_gateway(backend, vhost_url, database_url) as running:
        yield running, await running.client("agent1")


async def test_old_position_is_refused_after_a_restore(
    own_gateway: tuple[Gateway, httpx2.AsyncClient],
) -> None:
    gateway, agent1 = own_gateway
    backend = gateway.backend
    await announce_changes(backend, 2)
    await reached(agent1, 2)
    backup = await Backup.of(backend.database)
    await announce_changes(backend, 3)
    await reached(agent1, 5)

    await backup.restore(backend.database)
    floor = await JournalGenerations(backend.database, backend.clock).begin_generation()
    await announce_changes(backend, 4)
    await reached(agent1, floor + 4)

    for seen in (0, 2, 5):
        answer = await agent1.get(EVENTS, params={"since": seen})
        assert (answer.status_code, failure(6, answer.json())) == (410, True)
    kept = (await agent1.get(EVENTS, params={"since": -2})).json()
    assert [one["data"]["position"] for one in kept["events"]] == [floor + n for n in range(1, 5)]


async def test_running_gateway_restarts_clients_after_a_restore(
    own_gateway: tuple[Gateway, httpx2.AsyncClient],
) -> None:
    gateway, agent1 = own_gateway
    backend = gateway.backend
    await announce_changes(backend, 2)
    await reached(agent1, 2)
    backup = await Backup.of(backend.database)
    async with CometdAgent(f"{gateway.url}/cometd", "agent1", "agent1", replay=2) as desktop:
        await desktop.subscribe(CHANNELS)
        await announce_changes(backend, 3)
        assert await positions(desktop, 3) == [3, 4, 5]
        # The watcher has to have checked once before, or it has nothing to compare with.
        async with asyncio.timeout(20):
            while not await backend.database["witnesses"].find_one({"count": {"$gte": 2}}):
                pass

        await backup.restore(backend.database)
        ended = await desktop.meta("connect", lambda reply: not reply["successful"])
        await announce_changes(backend, 1)

        assert ended["advice"]["reconnect"] == "handshake"
    assert await newest(agent1) > 10**6
    answer = await agent1.get(EVENTS, params={"since": 3})
    assert answer.status_code == 410
