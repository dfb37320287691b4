"""Work that is done again and again beside the messages, and how tasks are brought to their end."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

log = logging.getLogger(__name__)

_AGAIN_SECONDS: Final = 5.0


async def cancel_and_wait(
    tasks: Iterable[asyncio.Task[Any]], *, again: float = _AGAIN_SECONDS
) -> None:
    """Cancel tasks, and return when all have ended, whatever came of them.

    Who goes on is canceled again after `again` seconds: `asyncio.wait_for` before Python 3.12,
    which drivers use, loses a cancellation that comes just when it has what it waits for.
    """
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        done, left = await asyncio.wait(left, timeout=again)
        for task in done:
            # Asked for, so that it is not reported as never retrieved.
            _ = task.cancelled() or task.exception()


@asynccontextmanager
async def run_periodically(
    chore: Callable[[], Awaitable[object]], *, every: timedelta
) -> AsyncIterator[None]:
    """Do a chore at intervals for as long as the context lasts; a failure waits for the next.

    A failure is logged with its traceback, but in one line where the error is `is_temporary`.
    """
    task = asyncio.create_task(_repeat(chore, every.total_seconds()))
    try:
        yield
    finally:
        await cancel_and_wait({task})


async def _repeat(chore: Callable[[], Awaitable[object]], seconds: float) -> None:
    name = getattr(chore, "__qualname__", repr(chore))
    while not is_canceled():
        await asyncio.sleep(seconds)
        try:
            await chore()
        except Exception as error:
            if getattr(error, "is_temporary", False):
                log.warning("%s is put off: %s", name, error)
            else:
                log.exception("%s failed", name)


def is_canceled() -> bool:
    """Tell whether this task was told to end, though whatever it did may not have noticed."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
