"""Periodic background work, and a safe way to cancel asyncio tasks."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

log = logging.getLogger(__name__)

# A task that cleans up in an orderly way is done by then.
_AGAIN_SECONDS: Final = 5.0


async def cancel_and_wait(
    tasks: Iterable[asyncio.Task[Any]], *, again: float = _AGAIN_SECONDS
) -> None:
    """Cancel tasks and return when all of them have ended. Their results and errors are dropped.

    A task that still runs after `again` seconds is canceled again. Database and broker drivers use
    `asyncio.wait_for`, which before Python 3.12 loses a cancellation that arrives together with
    the result.
    """
    left = {task for task in tasks if not _has_ended(task)}
    while left:
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=again)
        left = {task for task in left if not _has_ended(task)}


def _has_ended(task: asyncio.Task[Any]) -> bool:
    if not task.done():
        return False
    # Reading the error keeps asyncio from logging it as never retrieved.
    _ = task.cancelled() or task.exception()
    return True


@asynccontextmanager
async def run_periodically(
    chore: Callable[[], Awaitable[object]], *, every: timedelta
) -> AsyncIterator[None]:
    """Run a chore at intervals of `every` while the context is open, first after one interval.

    A failure is logged, and the chore runs again at the next interval. The log has the traceback,
    or a single line for an error whose attribute `is_temporary` is true.
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
    """Tell whether the current task was asked to end, even if the code it awaited ignored that."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


class StopDeadline:
    """The time in which a stopping service finishes its work, one for all parts that stop.

    Parts stop one after the other; if each had the whole time, the process would be killed.
    """

    def __init__(self, longest: timedelta) -> None:
        self._longest = longest.total_seconds()
        self._ends_at: float | None = None

    def seconds_left(self) -> float:
        """Return how many seconds are left, never less than 0; the first call starts the time."""
        now = asyncio.get_running_loop().time()
        if self._ends_at is None:
            self._ends_at = now + self._longest
        return max(0.0, self._ends_at - now)
