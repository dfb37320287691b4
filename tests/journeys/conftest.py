"""The whole system, every service its own process, for all journeys."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx2 as httpx
import pytest
from pymongo import AsyncMongoClient

from deploy.local.services import Addresses
from deploy.local.stack import System, system
from tests.fixtures.broker import Broker
from tests.support.clients import AgentClient

INVITATION_SECONDS = "4"


@pytest.fixture(scope="package")
async def running(
    broker: Broker, mongodb_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[System]:
    """A system on a virtual host and a database of its own, each service as its own user.

    An invitation lasts 4 seconds. Each journey ends with nobody ready and no mail waiting.
    """
    sent: Path = tmp_path_factory.mktemp("sent")
    name = f"journey_{secrets.token_hex(6)}"
    database_url = urlsplit(mongodb_url)._replace(path=f"/{name}").geturl()
    with pytest.MonkeyPatch.context() as environment, broker.access(database_url) as access:
        environment.setenv("ROUTING_INVITATION", INVITATION_SECONDS)
        async with system(access, sent=sent, addresses=Addresses.choose(familiar=False)) as up:
            yield up
    async with AsyncMongoClient[dict[str, object]](database_url) as client:
        await client.drop_database(name)


@pytest.fixture
async def agent1(running: System) -> AsyncIterator[AgentClient]:
    """The first agent's REST client."""
    async with httpx.AsyncClient(
        base_url=running.gateway_url, auth=("agent1", "agent1"), timeout=30
    ) as client:
        yield AgentClient(client)


@pytest.fixture
async def agent2(running: System) -> AsyncIterator[AgentClient]:
    """The second agent's REST client."""
    async with httpx.AsyncClient(
        base_url=running.gateway_url, auth=("agent2", "agent2"), timeout=30
    ) as client:
        yield AgentClient(client)
