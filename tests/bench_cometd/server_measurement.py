"""One visit to one server: clients come, events are published, cost and delays are noted."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from typing import Final

from tests.bench.instruments.processes import cpu_seconds, resident_megabytes
from tests.bench.tables.figures import percentile
from tests.bench_cometd.clients import KINDS, Client
from tests.bench_cometd.servers import Kind, Server, padding, running

_AT_ONCE: Final = 50
_QUIET: Final = 0.4
_PATIENCE: Final = 60.0
_EVERY: Final = 0.005
"""Seconds between two strokes of a paced publisher."""
_BROADCASTS_IN_FLIGHT: Final = 4


@dataclass(frozen=True, slots=True)
class Load:
    """How much is asked: clients, events of a size, seconds of each lap."""

    clients: int
    seconds: float
    rate: float
    broadcasts: float
    size: int


@dataclass(frozen=True, slots=True)
class Lap:
    """The result of one kind of load; delays in milliseconds."""

    deliveries: int
    seconds: float
    cpu: float
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        """Deliveries a second."""
        return self.deliveries / self.seconds

    @property
    def per_cpu(self) -> float:
        """Deliveries for each CPU-second of the server."""
        return self.deliveries / self.cpu if self.cpu else 0.0


@dataclass(frozen=True, slots=True)
class ServerMeasurement:
    """All laps at one server, and the memory of a client in kB."""

    laps: dict[str, Lap]
    kilobytes: float


@dataclass(slots=True)
class DelayRecorder:
    """Counts the events of all clients and their delays."""

    delays: list[int] = field(default_factory=list)
    last: float = 0.0
    agents: list[int] | None = None
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def heard(self, number: int, stamps: list[int]) -> None:
        """Note events of one client."""
        now = time.monotonic_ns()
        self.delays.extend([now - stamp for stamp in stamps])
        self.last = now / 1e9
        if self.agents is not None:
            self.agents.extend([number] * len(stamps))
        self.news.set()

    def clear(self) -> None:
        """Begin anew."""
        self.delays.clear()
        self.last = time.monotonic()


async def visit(kind: Kind, transport: str, load: Load) -> ServerMeasurement:
    """Start a server, measure it, stop it."""
    recorder = DelayRecorder()
    async with running(kind) as server:
        before = resident_megabytes(server.process.pid)
        async with _audience(server, transport, load, recorder):
            await _quiet(recorder)
            grown = resident_megabytes(server.process.pid) - before
            laps = {name: await lap(server, load, recorder) for name, lap in LAPS.items()}
        return ServerMeasurement(laps, grown * 1000 / load.clients)


@asynccontextmanager
async def _audience(
    server: Server, transport: str, load: Load, recorder: DelayRecorder
) -> AsyncIterator[None]:
    clients: list[Client] = [
        KINDS[transport](number, server.url, server.kind.channels_of(number), recorder.heard)
        for number in range(load.clients)
    ]
    try:
        for start in range(0, load.clients, _AT_ONCE):
            async with asyncio.timeout(_PATIENCE):
                await asyncio.gather(*(one.join() for one in clients[start : start + _AT_ONCE]))
        yield
    finally:
        for one in clients:
            one.close()


async def own_paced(server: Server, load: Load, recorder: DelayRecorder) -> Lap:
    """Publish to one agent after another at a steady rate."""
    agents = cycle(str(number) for number in range(load.clients))
    with _clocked(server, recorder) as result:
        async for due in _ticks(load.seconds, load.rate):
            server.publish([next(agents) for _ in range(due)], _now(), padding(load.size))
        await _quiet(recorder)
    return result[0]


async def broadcast_paced(server: Server, load: Load, recorder: DelayRecorder) -> Lap:
    """Publish to all at a steady rate."""
    with _clocked(server, recorder) as result:
        async for due in _ticks(load.seconds, load.broadcasts):
            server.publish(["*"] * due, _now(), padding(load.size))
        await _quiet(recorder)
    return result[0]


async def own_flat_out(server: Server, load: Load, recorder: DelayRecorder) -> Lap:
    """Have one event of each agent on its way at any time."""
    with _clocked(server, recorder) as result:
        recorder.agents = list(range(load.clients))
        until = time.monotonic() + load.seconds
        while time.monotonic() < until:
            recorder.news.clear()
            ready, recorder.agents = recorder.agents, []
            server.publish([str(one) for one in ready], _now(), padding(load.size))
            await _news(recorder)
        recorder.agents = None
        await _quiet(recorder)
    return result[0]


async def broadcast_flat_out(server: Server, load: Load, recorder: DelayRecorder) -> Lap:
    """Have a few broadcasts on their way at any time."""
    with _clocked(server, recorder) as result:
        until, published = time.monotonic() + load.seconds, 0
        while time.monotonic() < until:
            recorder.news.clear()
            due = len(recorder.delays) // load.clients + _BROADCASTS_IN_FLIGHT - published
            if due > 0:
                server.publish(["*"] * due, _now(), padding(load.size))
                published += due
            await _news(recorder)
        await _quiet(recorder)
    return result[0]


LAPS: Final = {
    "own, paced": own_paced,
    "own, flat out": own_flat_out,
    "broadcast, paced": broadcast_paced,
    "broadcast, flat out": broadcast_flat_out,
}


def _now() -> int:
    return time.monotonic_ns()


async def _news(recorder: DelayRecorder) -> None:
    async with asyncio.timeout(_PATIENCE):
        await recorder.news.wait()


async def _ticks(seconds: float, rate: float) -> AsyncIterator[int]:
    """Yield how many events are due, again and again."""
    began, published = time.monotonic(), 0
    while (passed := time.monotonic() - began) < seconds:
        due = int(passed * rate) + 1 - published
        if due > 0:
            yield due
            published += due
        await asyncio.sleep(_EVERY)


async def _quiet(recorder: DelayRecorder) -> None:
    async with asyncio.timeout(_PATIENCE):
        while (left := recorder.last + _QUIET - time.monotonic()) > 0:  # noqa: ASYNC110 - silence is no event
            await asyncio.sleep(left)


@contextmanager
def _clocked(server: Server, recorder: DelayRecorder) -> Iterator[list[Lap]]:
    """Fill the list with the lap that the block was."""
    recorder.clear()
    began, cpu = time.monotonic(), cpu_seconds([server.process.pid])
    result: list[Lap] = []
    yield result
    delays = [delay / 1e6 for delay in recorder.delays]
    result.append(
        Lap(
            deliveries=len(delays),
            seconds=recorder.last - began,
            cpu=cpu_seconds([server.process.pid]) - cpu,
            p50=percentile(delays, 50),
            p99=percentile(delays, 99),
        )
    )


def seconds_to_count() -> float:
    """Return how long Python takes to count to ten million: how fast a core is now."""
    began = time.perf_counter()
    for _ in range(10_000_000):
        pass
    return time.perf_counter() - began
