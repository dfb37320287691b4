"""Two systems: one on shared servers, one on servers that a test may kill."""

import secrets
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from deploy.local.servers.accounts import Access
from deploy.local.servers.mongodb import LocalMongoDB
from deploy.local.servers.rabbitmq import LocalRabbitMQ
from tests.connected.conftest import backend, database_url, sandbox, sandboxes, vhost_url
from tests.fixtures.broker import Broker
from tests.support.systems.breakable_system import (
    BreakableStack,
    BreakableSystem,
    open_breakable_system,
)

__all__ = [
    "backend",
    "breakable",
    "database_url",
    "sandbox",
    "sandboxes",
    "stack",
    "vhost_url",
]


@pytest.fixture(scope="package")
async def breakable(
    broker: Broker, mongodb_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[BreakableSystem]:
    """A system on a virtual host and a database of its own."""
    name = f"faults_{secrets.token_hex(6)}"
    database_url = urlsplit(mongodb_url)._replace(path=f"/{name}").geturl()
    folder = tmp_path_factory.mktemp("breakable")
    with broker.access(database_url) as access:
        async with open_breakable_system(access, folder) as opened:
            yield opened
            await opened.database.client.drop_database(name)


@pytest.fixture(autouse=True)
async def _no_mail_waits(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """Fail a test that leaves mail: its offers would end in the next test.

    Two missed ones make that test's agent NotReady, and the agent never hears of its mail.
    """
    yield
    if "breakable" in request.fixturenames:
        breakable: BreakableSystem = request.getfixturevalue("breakable")
        assert await breakable.offered() == []


@pytest.fixture(scope="module")
async def stack(
    private_rabbitmq: LocalRabbitMQ,
    private_mongodb: LocalMongoDB,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[BreakableStack]:
    """A system on servers that a test may kill and start again."""
    folder = tmp_path_factory.mktemp("stack")
    one_for_all = Access(private_rabbitmq.url, private_mongodb.url)
    async with open_breakable_system(one_for_all, folder) as opened:
        yield BreakableStack(opened, private_rabbitmq, private_mongodb, one_for_all)
