"""What tests on real servers share."""

from collections.abc import AsyncIterator

import pytest

from tests.connected.world import World, open_world


@pytest.fixture
async def world(vhost_url: str, database_url: str) -> AsyncIterator[World]:
    """A contact center of the test's own."""
    async with open_world(vhost_url, database_url) as opened:
        yield opened
