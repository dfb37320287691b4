"""The running system, every service a process of its own, for all tests of the contract."""

import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from pymongo import AsyncMongoClient

from deploy.local.stack.services import Addresses
from deploy.local.stack.system import System, system
from shared.storage.database.client import Database, Document
from tests.contract.agent_desktop import AgentDesktop, open_desktop
from tests.fixtures.broker import Broker

SETTINGS = {
    "ROUTING_INVITATION": "8",
    "ROUTING_EXCLUSION": "2",
    "ROUTING_MISSES": "0",
    "GATEWAY_DOCUMENT_PATIENCE": "20",
}


@pytest_asyncio.fixture(scope="package")
async def storage(mongodb_url: str) -> AsyncIterator[Database]:
    """The database of the system."""
    name = f"contract_{secrets.token_hex(6)}"
    async with AsyncMongoClient[Document](
        urlsplit(mongodb_url)._replace(path=f"/{name}").geturl()
    ) as client:
        yield client.get_default_database()
        await client.drop_database(name)


@pytest_asyncio.fixture(scope="package")
async def running(
    broker: Broker,
    mongodb_url: str,
    storage: Database,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[System]:
    """A system in which an invitation lasts eight seconds and a refusal two."""
    sent: Path = tmp_path_factory.mktemp("sent")
    database_url = urlsplit(mongodb_url)._replace(path=f"/{storage.name}").geturl()
    with pytest.MonkeyPatch.context() as environment, broker.access(database_url) as access:
        for variable, value in SETTINGS.items():
            environment.setenv(variable, value)
        async with system(access, sent=sent, addresses=Addresses.choose(familiar=False)) as up:
            yield up


@pytest.fixture
async def _empty(running: System, storage: Database) -> None:
    """Take away what other tests have left, in queues and on desks."""
    del running
    await storage["agents"].update_many(
        {}, [{"$set": {"ready": False, "holding": [], "free": "$capacity"}}]
    )
    await storage["interactions"].delete_many({})


@pytest.fixture
async def desktop(running: System, _empty: None) -> AsyncIterator[AgentDesktop]:
    """agent1 at work, with the official CometD client."""
    async with AsyncExitStack() as stack:
        agent1 = await open_desktop(stack, running, "agent1")
        yield agent1
        await agent1.visit()


@pytest.fixture
async def other_desktop(running: System, _empty: None) -> AsyncIterator[AgentDesktop]:
    """agent2 at work, with the official CometD client."""
    async with AsyncExitStack() as stack:
        agent2 = await open_desktop(stack, running, "agent2")
        yield agent2
        await agent2.visit()
