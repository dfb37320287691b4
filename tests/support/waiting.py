"""Waiting for what another process brings about."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

_LOOK_EVERY: Final = 0.2


async def until(
    holds: Callable[[], Awaitable[bool]], seconds: float, *, every: float = _LOOK_EVERY
) -> bool:
    """Wait until something holds that other processes bring about; say whether it came to that."""
    end = time.monotonic() + seconds
    while not await holds():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(every)
    return True
