"""Work that is done again and again beside the messages."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import structlog

from shared.domain.errors import Unavailable

log = structlog.get_logger()


@asynccontextmanager
async def repeating(
    chore: Callable[[], Awaitable[object]], *, every: timedelta
) -> AsyncIterator[None]:
    """Do a chore at intervals for as long as the context lasts; a failure waits for the next."""
    task = asyncio.create_task(_repeat(chore, every.total_seconds()))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _repeat(chore: Callable[[], Awaitable[object]], seconds: float) -> None:
    name = getattr(chore, "__qualname__", repr(chore))
    while True:
        await asyncio.sleep(seconds)
        try:
            await chore()
        except Unavailable as error:
            log.warning("chore put off", chore=name, reason=str(error))
        except Exception:
            log.exception("chore failed", chore=name)
