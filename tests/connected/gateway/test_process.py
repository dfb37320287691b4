"""The gateway as the process that a pod runs."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Literal

import httpx2
import pytest
import pytest_asyncio

from tests.cometd_client.client import CometdAgent
from tests.connected.gateway.process import Process
from tests.support.backend import Backend
from tests.support.gateway import hashed

pytestmark = pytest.mark.connected


@pytest_asyncio.fixture
async def process(backend: Backend, vhost_url: str, database_url: str) -> AsyncIterator[Process]:
    await backend.add_agent("agent1", password_hash=hashed("agent1"))
    process = Process(vhost_url, database_url)
    await process.start()
    yield process
    await process.kill()


async def test_stopping_gateway_answers_its_clients(process: Process) -> None:
    kinds: Sequence[Literal["long-polling", "websocket"]] = ("long-polling", "websocket")
    url = f"{process.url}/cometd"
    clients = [CometdAgent(url, "agent1", "agent1", transport=kind) for kind in kinds]
    for agent in clients:
        await agent.start()
        await agent.meta("connect")
    async with httpx2.AsyncClient() as client:
        ready = await client.get(f"{process.probes}/ready")
        metrics = await holding(client, process, len(clients))

    code = await process.stop()

    last = [await agent.meta("connect") for agent in clients]
    for agent in clients:
        await agent.kill()
    assert (ready.status_code, code) == (200, 0)
    for kind in kinds:
        assert f'bayeux_sessions{{state="waiting",transport="{kind}"}} 1.0' in metrics
    # Advice that repeats the last one is left out, so a client with interval 0 may get none.
    intervals = [reply["advice"]["interval"] for reply in last if "advice" in reply]
    assert [reply["successful"] for reply in last] == [True, True]
    assert intervals
    assert all(0 <= interval <= 5000 for interval in intervals)


async def holding(client: httpx2.AsyncClient, process: Process, connects: int) -> str:
    """Return the metrics of a process once it holds this number of connects."""
    async with asyncio.timeout(30):
        while True:
            metrics = (await client.get(f"{process.probes}/metrics")).text
            if f"bayeux_held_connects {connects}.0" in metrics:
                return metrics
