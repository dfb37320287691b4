"""The pauses between looks at the database for something that comes soon."""

import asyncio
from datetime import timedelta
from typing import Final

# Most waits take milliseconds: the first look is early, and later ones spare the database.
_FIRST_PAUSE: Final = 0.01
_LONGEST_PAUSE: Final = 0.1


class Patience:
    """Waits that together last as long as `lasts`; each is twice as long as the one before."""

    def __init__(self, lasts: timedelta) -> None:
        self._ends_at = asyncio.get_running_loop().time() + lasts.total_seconds()
        self._pause = _FIRST_PAUSE

    @property
    def is_over(self) -> bool:
        """Whether to wait no longer."""
        return asyncio.get_running_loop().time() >= self._ends_at

    async def pause(self) -> None:
        """Wait until the next look."""
        await asyncio.sleep(self._pause)
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)
