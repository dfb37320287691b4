"""Repeats an action while the broker or the database is away."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import structlog

from shared.domain.errors import Unavailable

log = structlog.get_logger()

# Clients wait for events meanwhile, and the servers come back by themselves.
_RETRY_SECONDS: Final = 0.5

T = TypeVar("T")


async def retry_until_available(act: Callable[[], Awaitable[T]]) -> T:
    """Repeat an action every half second while it raises `Unavailable`; return its result.

    The action has to be safe to repeat.
    """
    while True:
        try:
            return await act()
        except Unavailable as error:
            log.warning("tried again soon", reason=str(error))
            await asyncio.sleep(_RETRY_SECONDS)
