"""One gateway for most tests of this package."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import urlsplit

import httpx2
import pytest
import pytest_asyncio

from tests.fixtures.broker import Broker
from tests.support.backend import CENTER, open_backend
from tests.support.gateway import Gateway, running_gateway


@pytest_asyncio.fixture(scope="package")
async def shared_gateway(broker: Broker, mongodb_url: str) -> AsyncIterator[Gateway]:
    """One gateway for all tests of this package that need no other settings."""
    name = f"test_{secrets.token_hex(6)}"
    database_url = urlsplit(mongodb_url)._replace(path=f"/{name}").geturl()
    with broker.virtual_host() as url:
        async with open_backend(url, database_url) as backend:
            # The database has a clock of its own, and forgets sessions that ended by it.
            backend.clock.move(timedelta(days=36500))
            async with running_gateway(backend, url, database_url) as running:
                yield running
            await backend.database.client.drop_database(name)


@pytest.fixture
async def gateway(shared_gateway: Gateway) -> Gateway:
    """A gateway with two agents, an administrator who is no agent, and no mail."""
    await shared_gateway.clear()
    await asyncio.gather(
        shared_gateway.describe(CENTER),
        shared_gateway.add_agent("agent1", logged_in=True),
        shared_gateway.add_agent("agent2", logged_in=True),
        shared_gateway.add_agent("admin", roles=["Contact Center Admin"]),
    )
    return shared_gateway


@pytest.fixture
async def agent1(gateway: Gateway) -> httpx2.AsyncClient:
    """The desktop of agent1."""
    return await gateway.client("agent1")
