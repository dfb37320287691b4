"""A real Dovecot for all tests of this package; each test has users of its own."""

import secrets
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.doubles.token_endpoint import TokenEndpoint, running_endpoint
from tests.fixtures.imap_server import ImapServer, running_imap_server


@pytest_asyncio.fixture(scope="package")
async def endpoint() -> AsyncIterator[TokenEndpoint]:
    """Give the endpoint that the server asks about tokens."""
    async with running_endpoint() as running:
        yield running


@pytest_asyncio.fixture(scope="package")
async def server(endpoint: TokenEndpoint) -> AsyncIterator[ImapServer]:
    """Give the IMAP server."""
    async with running_imap_server(endpoint.port) as running:
        yield running


@pytest.fixture
def user() -> str:
    """The name of a user without mail."""
    return f"user{secrets.token_hex(4)}"
