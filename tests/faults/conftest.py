"""Systems to break: one on shared servers, for single mails, one on servers that may be killed."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from deploy.local.accounts import Access
from deploy.local.mongodb import LocalMongoDB
from deploy.local.rabbitmq import LocalRabbitMQ
from tests.connected.conftest import world
from tests.faults.house import House, open_house
from tests.fixtures.broker import Broker

__all__ = ["house", "siege", "world"]


@pytest.fixture(scope="package")
async def house(
    broker: Broker, mongodb_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    """A system on a virtual host and a database of its own."""
    name = f"faults_{secrets.token_hex(6)}"
    database_url = urlsplit(mongodb_url)._replace(path=f"/{name}").geturl()
    folder = tmp_path_factory.mktemp("house")
    with broker.access(database_url) as access:
        async with open_house(access, folder) as opened:
            yield opened
            await opened.database.client.drop_database(name)


@dataclass(frozen=True)
class Siege:
    """A system, and the servers under it."""

    house: House
    rabbitmq: LocalRabbitMQ
    mongodb: LocalMongoDB


@pytest.fixture(scope="module")
async def siege(
    private_rabbitmq: LocalRabbitMQ,
    private_mongodb: LocalMongoDB,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Siege]:
    """A system on servers that a test may kill and start again."""
    folder = tmp_path_factory.mktemp("siege")
    one_for_all = Access(private_rabbitmq.url, private_mongodb.url)
    async with open_house(one_for_all, folder) as opened:
        yield Siege(opened, private_rabbitmq, private_mongodb)
