"""Nothing that a unit test begins goes on after it."""

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio

from shared.background_tasks import cancel_and_wait


@pytest_asyncio.fixture(autouse=True)
async def _no_task_outlives_its_test() -> AsyncIterator[None]:
    """End what still waits: for a client that nobody plays any more, most of the time."""
    before = asyncio.all_tasks()
    yield
    await cancel_and_wait(asyncio.all_tasks() - before - {asyncio.current_task()})
