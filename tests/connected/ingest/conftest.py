"""Ingest's listeners, for each test of this package."""

from collections.abc import AsyncIterator

import pytest

from tests.support.ingest import Door, open_door
from tests.support.world import World


@pytest.fixture
async def door(world: World) -> AsyncIterator[Door]:
    """Listeners on free ports."""
    async with open_door(world) as opened:
        yield opened
