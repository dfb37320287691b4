"""A bound on the octets that all folders of a pod have in memory together."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class OctetBudget:
    """So many octets, which are lent in the order in which they were asked for."""

    def __init__(self, octets: int) -> None:
        self._octets = octets
        self.free = octets
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def reserve(self, octets: int) -> AsyncIterator[None]:
        """Wait until there is room for so many octets, and hold it; more than all is all."""
        wanted = min(octets, self._octets)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((wanted, turn))
        self._lend()
        try:
            await turn
            yield
        finally:
            if turn.done() and not turn.cancelled():
                self.free += wanted
            else:
                self._waiting.remove((wanted, turn))
            self._lend()

    def _lend(self) -> None:
        # A turn that was canceled is removed by its own task, which then lends again.
        while self._waiting and not self._waiting[0][1].done():
            wanted, turn = self._waiting[0]
            if wanted > self.free:
                return
            self._waiting.popleft()
            self.free -= wanted
            turn.set_result(None)
