"""One lab with short times for all black-box tests; those that need other settings start theirs."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.connected.bayeux.running_lab import RunningLab, running_lab


@pytest_asyncio.fixture(scope="package")
async def lab() -> AsyncIterator[RunningLab]:
    async with running_lab(
        TIMEOUT_MS="400",
        MAX_INTERVAL_MS="3000",
        MAX_MESSAGE_BYTES="4096",
        ALLOWED_ORIGINS="https://desk.example,https://other.example",
    ) as running:
        yield running
