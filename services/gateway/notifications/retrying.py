"""Waiting for a broker or a database that is away."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import structlog

from shared.domain.errors import Unavailable

log = structlog.get_logger()

_RETRY_SECONDS: Final = 0.5

T = TypeVar("T")


async def retry_until_available(act: Callable[[], Awaitable[T]]) -> T:
    """Do something that is safe to repeat until it succeeds, and return what came of it."""
    while True:
        try:
            return await act()
        except Unavailable as error:
            log.warning("tried again soon", reason=str(error))
            await asyncio.sleep(_RETRY_SECONDS)
