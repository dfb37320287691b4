"""Starts a coroutine at once; only one that has to wait becomes a task (as Python 3.12 can)."""

import asyncio
from collections.abc import Coroutine, Generator
from types import coroutine
from typing import Any

Work = Coroutine[Any, Any, None]


def start(work: Work) -> "asyncio.Task[None] | None":
    """Run up to the first wait; return the task that does the rest, None when all is done."""
    try:
        awaited = work.send(None)
    except StopIteration:
        return None
    return asyncio.get_running_loop().create_task(_finish(work, awaited))


async def _finish(work: Work, awaited: Any) -> None:
    await _go_on(work, awaited)


@coroutine
def _go_on(work: Work, awaited: Any) -> Generator[Any, Any, None]:
    yield awaited
    yield from work
