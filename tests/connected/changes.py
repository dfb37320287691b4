"""Waiting for what a running service does to the database, by the database's own news."""

import asyncio
from collections.abc import Awaitable, Callable

from shared.storage.database.client import Collection


async def wait_until(collection: Collection, holds: Callable[[], Awaitable[bool]]) -> None:
    """Return when something holds that a change of this collection brings about.

    Raises:
        TimeoutError: it does not within thirty seconds.
    """
    async with asyncio.timeout(30), await collection.watch() as changes:
        while not await holds():
            await changes.next()
