"""Outbound and the next mail server, for each test of this package."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from shared.storage.database.client import Database, open_database
from tests.doubles.smtp_sink import SmtpSink, running_sink
from tests.doubles.token_endpoint import TokenEndpoint, running_endpoint
from tests.support.backend import Backend
from tests.support.outbound import Outbound, running_outbound


@pytest.fixture
async def sink() -> AsyncIterator[SmtpSink]:
    """The next server."""
    async with running_sink() as running:
        yield running


@pytest.fixture
async def outbound(backend: Backend, sink: SmtpSink) -> AsyncIterator[Outbound]:
    """Outbound, with a dot deadline of half a second."""
    async with running_outbound(backend, sink, dot=timedelta(seconds=0.5)) as running:
        yield running


@pytest.fixture
async def patient_outbound(backend: Backend, sink: SmtpSink) -> AsyncIterator[Outbound]:
    """Outbound that waits long for the answer to the final dot."""
    async with running_outbound(backend, sink, dot=timedelta(seconds=60)) as running:
        yield running


@pytest.fixture
async def hasty_outbound(backend: Backend, sink: SmtpSink) -> AsyncIterator[Outbound]:
    """Outbound that waits half a second for any answer."""
    half = timedelta(seconds=0.5)
    async with running_outbound(backend, sink, dot=half, others=half) as running:
        yield running


@pytest.fixture
async def opened(database_url: str) -> AsyncIterator[Database]:
    """A database of the test's own."""
    async with open_database(database_url, name="test") as database:
        yield database


@pytest.fixture
async def endpoint() -> AsyncIterator[TokenEndpoint]:
    """A token endpoint that gives token-1, token-2 and so on."""
    async with running_endpoint() as running:
        yield running


@pytest.fixture
def console(vhost_url: str, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the console work on the test's own servers."""
    monkeypatch.setenv("RABBITMQ_URL", vhost_url)
    monkeypatch.setenv("MONGODB_URL", database_url)
