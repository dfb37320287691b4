"""Places for exchanges at the provider, which the peers that ask for them take by turns."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class PlaceLimits:
    """How many exchanges run and wait at the same time, in all and of a peer, and for how long."""

    at_once: int
    of_peer: int
    waiting: int
    waiting_of_peer: int
    patience: timedelta


class NoPlaceError(Exception):
    """There was no turn within the patience, or too many wait already."""


class ExchangePlaces:
    """The exchanges that run, and those that wait.

    A place that becomes free goes to the next peer by turns. So however many exchanges a peer asks
    for, another peer waits for one of them only.
    """

    def __init__(self, limits: PlaceLimits) -> None:
        self._limits = limits
        self._running: Counter[str] = Counter()
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        """In the order in which the peers have their next turn."""
        self._waiting_count = 0

    @asynccontextmanager
    async def taken(self, peer: str) -> AsyncIterator[None]:
        """Have a place for as long as the context lasts.

        Raises:
            NoPlaceError: There is none.
        """
        # While a place is free, every peer that waits has as many as it may.
        if peer not in self._waiting and self._is_free_for(peer):
            self._running[peer] += 1
        else:
            await self._wait(peer)
        try:
            yield
        finally:
            self._give_up(peer)

    def _is_free_for(self, peer: str) -> bool:
        is_free = self._running.total() < self._limits.at_once
        return is_free and self._running[peer] < self._limits.of_peer

    async def _wait(self, peer: str) -> None:
        of_peer = len(self._waiting.get(peer, ()))
        if self._waiting_count >= self._limits.waiting or of_peer >= self._limits.waiting_of_peer:
            raise NoPlaceError
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(peer, deque()).append(turn)
        self._waiting_count += 1
        try:
            async with asyncio.timeout(self._limits.patience.total_seconds()):
                await turn
        except BaseException as error:
            self._leave(peer, turn)
            if isinstance(error, TimeoutError):
                raise NoPlaceError from error
            raise

    def _leave(self, peer: str, turn: asyncio.Future[None]) -> None:
        if not turn.cancelled():
            # The turn came at the same moment, and nobody else has heard of it.
            self._give_up(peer)
        elif turn in self._waiting.get(peer, ()):
            self._waiting[peer].remove(turn)
            self._waiting_count -= 1
            if not self._waiting[peer]:
                del self._waiting[peer]

    def _give_up(self, peer: str) -> None:
        self._running[peer] -= 1
        if not self._running[peer]:
            del self._running[peer]
        while following := next((one for one in self._waiting if self._is_free_for(one)), None):
            turns = self._waiting.pop(following)
            turn = turns.popleft()
            self._waiting_count -= 1
            if turns:
                self._waiting[following] = turns
            if not turn.done():  # else its client has just left
                self._running[following] += 1
                turn.set_result(None)
