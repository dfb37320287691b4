"""Thousands of clients whose server is killed and started again: how soon all are back."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from tests.bench.figures import percentile
from tests.bench.table import Aim, Row, Section
from tests.bench_cometd.clients import SocketClient
from tests.bench_cometd.contestants import INTERACTIONS, OURS, Server, padding, running

_PATIENCE: Final = 90.0
_BACKOFF: Final = (0.5, 1.0, 2.0, 4.0)
"""Seconds, each taken as an upper bound: a client that is refused tries again later."""
_WITHIN: Final = 15.0
_AT_ONCE: Final = 100


@dataclass(slots=True)
class Herd:
    """Clients that come back by themselves, and what each heard since the restart."""

    url: str
    size: int
    back: dict[int, float] = field(default_factory=dict)
    heard: set[int] = field(default_factory=set)
    clients: list[SocketClient] = field(default_factory=list)
    _returning: set["asyncio.Task[None]"] = field(default_factory=set)
    _everybody_back: asyncio.Event = field(default_factory=asyncio.Event)
    _everybody_heard: asyncio.Event = field(default_factory=asyncio.Event)
    _is_over: bool = False

    async def gather(self) -> None:
        """Return when all are there for the first time."""
        for start in range(0, self.size, _AT_ONCE):
            numbers = range(start, min(start + _AT_ONCE, self.size))
            await asyncio.gather(*(self._come(number) for number in numbers))
        self.back.clear()
        self._everybody_back.clear()

    async def all_back(self) -> None:
        """Return when all have come back."""
        async with asyncio.timeout(_PATIENCE):
            await self._everybody_back.wait()

    async def all_heard(self) -> None:
        """Return when each has heard an event since."""
        async with asyncio.timeout(_PATIENCE):
            await self._everybody_heard.wait()

    def leave(self) -> None:
        """Cut all connections for good."""
        self._is_over = True
        for one in self.clients:
            one.close()
        for task in self._returning:
            task.cancel()

    async def _come(self, number: int) -> None:
        client = SocketClient(number, self.url, [INTERACTIONS], self._note)
        client.lost = self._lost(number, client)
        await client.join()
        self.clients.append(client)
        self.back[number] = time.monotonic()
        if len(self.back) == self.size:
            self._everybody_back.set()

    def _lost(self, number: int, client: SocketClient) -> Callable[[], None]:
        def lost() -> None:
            if self._is_over or client not in self.clients:
                return
            self.clients.remove(client)
            task = asyncio.get_running_loop().create_task(self._return(number))
            self._returning.add(task)
            task.add_done_callback(self._returning.discard)

        return lost

    async def _return(self, number: int) -> None:
        for attempt in range(100):
            longest = _BACKOFF[min(attempt, len(_BACKOFF) - 1)]
            await asyncio.sleep(random.uniform(0, longest))  # noqa: S311 - no secret
            try:
                await self._come(number)
            except OSError:
                continue
            return

    def _note(self, number: int, _: list[int]) -> None:
        self.heard.add(number)
        if len(self.heard) == self.size:
            self._everybody_heard.set()


@dataclass(frozen=True, slots=True)
class Return:
    """How long after the restart the clients were there, in seconds; and who heard events then."""

    delays: list[float]
    heard: int


async def stampede(size: int) -> Return:
    """Kill the server under its clients, start it at the same port, wait for all of them."""
    async with running(OURS) as first:
        herd = Herd(first.url, size)
        await herd.gather()
        first.process.kill()
        await first.process.wait()
    try:
        async with running(OURS, port=first.url.rpartition(":")[2]) as second:
            return await _count(herd, second)
    finally:
        herd.leave()


async def _count(herd: Herd, server: Server) -> Return:
    began = time.monotonic()
    await herd.all_back()
    server.publish(["*"], time.monotonic_ns(), padding(300))
    await herd.all_heard()
    return Return([max(0.0, at - began) for at in herd.back.values()], len(herd.heard))


async def herd_section(size: int) -> Section:
    """Return the figures of one stampede."""
    result = await stampede(size)
    slowest = Aim(f"at most {_WITHIN:.0f}", _WITHIN)
    return Section(
        f"The server killed and started again under {size} clients",
        "ours",
        [
            Row("half are back", "seconds", percentile(result.delays, 50)),
            Row("all are back", "seconds", max(result.delays), aim=slowest),
            Row("hear the next event", "clients", float(result.heard)),
        ],
    )
