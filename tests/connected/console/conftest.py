"""Settings of a console whose broker and database are the test's own."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from services.console.settings import ConsoleSettings
from shared.storage.database.client import Database, open_database
from tests.fixtures.broker import Broker


@pytest.fixture
def settings(
    broker: Broker, bare_vhost_url: str, bare_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> ConsoleSettings:
    """The console's settings, and an environment that says the same."""
    monkeypatch.setenv("RABBITMQ_URL", bare_vhost_url)
    monkeypatch.setenv("MONGODB_URL", bare_database_url)
    monkeypatch.setenv("RABBITMQ_MANAGEMENT_URL", broker.management_url)
    return ConsoleSettings()


@pytest_asyncio.fixture
async def opened(bare_database_url: str) -> AsyncIterator[Database]:
    """The test's own database."""
    async with open_database(bare_database_url, name="test") as database:
        yield database
