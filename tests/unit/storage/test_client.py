"""Reads are durable whatever the address says; a canceled wait releases the driver's lock."""

import asyncio
from typing import Literal

import pytest
from pymongo.lock import Lock, _async_cond_wait, _async_create_condition

from shared.storage.database.client import open_database


class ObservedLock(Lock):
    """The driver's lock; an event says that somebody wants it."""

    def __init__(self) -> None:
        super().__init__()
        self.wanted = asyncio.Event()

    async def acquire(self) -> Literal[True]:
        self.wanted.set()
        await super().acquire()
        return True


async def test_a_canceled_wait_for_a_server_gives_the_lock_back() -> None:
    lock = ObservedLock()
    condition = _async_create_condition(lock)
    waiting = asyncio.Event()

    async def wait_for_a_server() -> None:
        async with lock:
            waiting.set()
            await _async_cond_wait(condition, 0.01)

    task = asyncio.create_task(wait_for_a_server())
    await waiting.wait()
    async with lock:
        lock.wanted.clear()
        # Its time ends: it wants the lock back, which is held here.
        await lock.wanted.wait()
        task.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await task

    async with asyncio.timeout(1), lock:
        assert lock.locked()


@pytest.mark.parametrize("options", ["", "&readConcernLevel=local", "&readConcernLevel=available"])
async def test_read_sees_only_what_a_majority_has(options: str) -> None:
    address = f"mongodb://nowhere.example/mailroom?replicaSet=rs0{options}"

    async with open_database(address, name="test") as database:
        concern = database["arrivals"].read_concern

    assert concern.level == "majority"
