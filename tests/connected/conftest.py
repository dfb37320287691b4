"""What tests on real servers share."""

from collections.abc import AsyncIterator

import pytest

from tests.connected.ground import Ground, Grounds
from tests.fixtures.broker import Broker
from tests.fixtures.servers import database_url as bare_database_url
from tests.fixtures.servers import vhost_url as bare_vhost_url
from tests.support.world import World, open_prepared_world

__all__ = [
    "bare_database_url",
    "bare_vhost_url",
    "database_url",
    "ground",
    "grounds",
    "vhost_url",
    "world",
]


@pytest.fixture(scope="session")
async def grounds(broker: Broker, mongodb_url: str) -> AsyncIterator[Grounds]:
    """Virtual hosts and databases that serve one test after another."""
    grounds = Grounds(broker, mongodb_url)
    yield grounds
    await grounds.close()


@pytest.fixture
async def ground(grounds: Grounds) -> AsyncIterator[Ground]:
    """Every queue and every index, empty, for this test alone."""
    async with grounds.one() as ground:
        yield ground


@pytest.fixture
def vhost_url(ground: Ground) -> str:
    """The address of a virtual host with every queue, empty, for this test alone."""
    return ground.rabbitmq_url


@pytest.fixture
def database_url(ground: Ground) -> str:
    """The address of a database with every index, empty, for this test alone."""
    return ground.database_url


@pytest.fixture
async def world(ground: Ground) -> AsyncIterator[World]:
    """A contact center of the test's own."""
    async with open_prepared_world(ground.rabbitmq_url, ground.database_url) as opened:
        yield opened
