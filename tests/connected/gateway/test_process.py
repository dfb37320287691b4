"""The gateway as the process that a pod runs."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio

from deploy.local.ports import free_port
from tests.cometd_client.client import CometdAgent
from tests.connected.gateway.conftest import hashed
from tests.connected.world import World

pytestmark = pytest.mark.connected


class Process:
    """A gateway process, its address and the address of its probes."""

    def __init__(self, rabbitmq_url: str, mongodb_url: str) -> None:
        port, probes = free_port(), free_port()
        self.url, self.probes = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{probes}"
        self.environment = {
            **os.environ,
            "RABBITMQ_URL": rabbitmq_url,
            "MONGODB_URL": mongodb_url,
            "GATEWAY_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "PROBE_HOST": "127.0.0.1",
            "PROBE_PORT": str(probes),
        }

    async def start(self) -> None:
        """Return once the process is ready."""
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "services.gateway",
            env=self.environment,
            stderr=asyncio.subprocess.PIPE,
        )
        assert self.process.stderr is not None
        async with asyncio.timeout(30):
            while b'"started"' not in await self.process.stderr.readline():
                assert self.process.returncode is None

    async def stop(self) -> int:
        """Ask the process to stop and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(20):
            await self.process.communicate()
        return self.process.returncode or 0


@pytest_asyncio.fixture
async def process(world: World, vhost_url: str, database_url: str) -> AsyncIterator[Process]:
    await world.hire("agent1", password_hash=hashed("agent1"))
    process = Process(vhost_url, database_url)
    await process.start()
    yield process
    if process.process.returncode is None:
        process.process.kill()
        await process.process.communicate()


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
