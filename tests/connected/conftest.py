"""Fixtures of tests on real servers."""

from collections.abc import AsyncIterator

import pytest

from tests.connected.sandboxes import Sandbox, SandboxPool
from tests.fixtures.broker import Broker
from tests.fixtures.servers import database_url as bare_database_url
from tests.fixtures.servers import vhost_url as bare_vhost_url
from tests.support.backend import Backend, open_prepared_backend

__all__ = [
    "backend",
    "bare_database_url",
    "bare_vhost_url",
    "database_url",
    "sandbox",
    "sandboxes",
    "vhost_url",
]


@pytest.fixture(scope="session")
async def sandboxes(broker: Broker, mongodb_url: str) -> AsyncIterator[SandboxPool]:
    """Virtual hosts and databases that serve one test after another."""
    sandboxes = SandboxPool(broker, mongodb_url)
    yield sandboxes
    await sandboxes.close()


@pytest.fixture
async def sandbox(sandboxes: SandboxPool) -> AsyncIterator[Sandbox]:
    """Every queue and every index, empty, for this test alone."""
    async with sandboxes.borrow() as sandbox:
        yield sandbox


@pytest.fixture
def vhost_url(sandbox: Sandbox) -> str:
    """The address of a virtual host with every queue, empty, for this test alone."""
    return sandbox.rabbitmq_url


@pytest.fixture
def database_url(sandbox: Sandbox) -> str:
    """The address of a database with every index, empty, for this test alone."""
    return sandbox.database_url


@pytest.fixture
async def backend(sandbox: Sandbox) -> AsyncIterator[Backend]:
    """Stores, a publisher and a movable clock on the test's own sandbox."""
    async with open_prepared_backend(sandbox.rabbitmq_url, sandbox.database_url) as opened:
        yield opened
