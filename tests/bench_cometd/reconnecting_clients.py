"""Thousands of clients that reconnect by themselves and record their events."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from tests.bench_cometd import wire
from tests.bench_cometd.clients import SocketClient

_BACKOFF: Final = (1.0, 2.0, 3.0, 4.0)
"""Seconds, one more for each failure as in the official client; each is taken as an upper bound."""
_AT_ONCE: Final = 100


class HerdClient(SocketClient):
    """A client that begins after the last position it has heard, and notes what it hears.

    Where events have no position it notes when they were published.
    """

    def __init__(self, number: int, clients: "ReconnectingClients") -> None:
        super().__init__(number, clients.url, [clients.channel], _ignore, clients.login(number))
        self._clients = clients
        self._events = clients.heard.setdefault(number, [])

    def _subscriptions(self, session: str) -> list[wire.Message]:
        after = self._events[-1] if self._events else 0
        return [one | {"ext": {"replay": after}} for one in super()._subscriptions(session)]

    def _read(self, text: bytes) -> None:
        if events := wire.positions(text) or wire.sent_at(text):
            self._events += events
            self._clients.news.set()
        # Events may come before the answer that it waits for.
        if self._connect or wire.is_answer(text):
            super()._read(text)


@dataclass(slots=True)
class ReconnectingClients:
    """Agents with a websocket each; `login` gives the headers by which one is known.

    Attributes:
        heard: The positions of its journal that each has heard, in the order in which they came.
        back: When, on the monotonic clock, each was subscribed for the last time.
        news: Set when one of both changes.
    """

    url: str
    size: int
    channel: str
    login: Callable[[int], Mapping[str, str]]
    heard: dict[int, list[int]] = field(default_factory=dict)
    back: dict[int, float] = field(default_factory=dict)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    _connecting: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Let them come, and come back, for as long as the context lasts."""
        tasks = [asyncio.create_task(self._live(number)) for number in range(self.size)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def wait_until_subscribed(self, *, within: float) -> None:
        """Return when each is subscribed."""
        await self._until(lambda: len(self.back) == self.size, within)

    async def wait_until_heard(self, events: int, *, within: float) -> None:
        """Return when each has received so many events."""
        await self._until(
            lambda: all(len(self.heard.get(one, ())) >= events for one in range(self.size)), within
        )

    async def _until(self, holds: Callable[[], bool], seconds: float) -> None:
        async with asyncio.timeout(seconds):
            while not holds():
                self.news.clear()
                await self.news.wait()

    async def _live(self, number: int) -> None:
        async with self._connecting:
            member = await self._come(number)
        while True:
            try:
                await member.gone.wait()
            finally:
                member.close()
            self.back.pop(number, None)
            member = await self._come(number)

    async def _come(self, number: int) -> HerdClient:
        for attempt in count():
            member = HerdClient(number, self)
            try:
                await member.join()
            except BaseException as error:
                member.close()
                if not isinstance(error, OSError):
                    raise
                longest = _BACKOFF[min(attempt, len(_BACKOFF) - 1)]
                await asyncio.sleep(random.uniform(0, longest))  # noqa: S311 - no secret
            else:
                break
        self.back[number] = time.monotonic()
        self.news.set()
        return member


def _ignore(_number: int, _stamps: list[int]) -> None:
    pass
