"""The gateway as the process that a pod runs."""

import re
from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio

from tests.cometd_client.client import CometdAgent
from tests.connected.gateway.conftest import hashed
from tests.connected.gateway.process import Process
from tests.connected.world import World

pytestmark = pytest.mark.connected


@pytest_asyncio.fixture
async def process(world: World, vhost_url: str, database_url: str) -> AsyncIterator[Process]:
    await world.hire("agent1", password_hash=hashed("agent1"))
    process = Process(vhost_url, database_url)
    await process.start()
    yield process
    await process.kill()


async def test_it_stops_without_cutting_its_clients_off(process: Process) -> None:
    agent = CometdAgent(f"{process.url}/cometd", "agent1", "agent1")
    await agent.start()
    await agent.subscribe("/v2/me/interactions")
    async with httpx2.AsyncClient() as client:
        ready = await client.get(f"{process.probes}/ready")
        metrics = await client.get(f"{process.probes}/metrics")

    code = await process.stop()

    await agent.kill()
    assert (ready.status_code, code) == (200, 0)
    counted = r'bayeux_sessions{state="(waiting|between)",transport="long-polling"} 1.0'
    assert re.search(counted, metrics.text)
