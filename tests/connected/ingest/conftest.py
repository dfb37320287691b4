"""Ingest's listeners, for each test of this package."""

from collections.abc import AsyncIterator

import pytest

from tests.support.backend import Backend
from tests.support.ingest import Ingest, running_ingest


@pytest.fixture
async def ingest(backend: Backend) -> AsyncIterator[Ingest]:
    """Listeners on free ports."""
    async with running_ingest(backend) as opened:
        yield opened
