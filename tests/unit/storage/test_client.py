"""The driver's own lock survives whoever is canceled while waiting for a server."""

import asyncio

import pytest
from pymongo.lock import _async_cond_wait, _async_create_condition, _async_create_lock

import shared.storage.client  # noqa: F401 - mends the driver


async def test_a_canceled_wait_for_a_server_gives_the_lock_back() -> None:
    lock = _async_create_lock()
    condition = _async_create_condition(lock)
    waiting = asyncio.Event()

    async def wait_for_a_server() -> None:
        async with lock:
            waiting.set()
            await _async_cond_wait(condition, 0.01)

    task = asyncio.create_task(wait_for_a_server())
    await waiting.wait()
    async with lock:
        # Longer than its time limit: it now wants the lock back, which is held here.
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await task

    async with asyncio.timeout(1), lock:
        assert lock.locked()
