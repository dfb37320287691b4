"""The measured systems: each takes mail at a port and publishes an event for each mail."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from deploy.local.folders import CHECKOUT
from deploy.local.processes.ports import free_port
from deploy.local.processes.tether import tethered
from deploy.local.servers.running_servers import Servers
from tests.bench.instruments.event_times import EventTimes
from tests.bench.instruments.processes import cpu_seconds
from tests.bench.load.smtp_sender import Sent

SERVICES = "all services"
TOGETHER = "services and servers"


@dataclass(frozen=True, slots=True)
class MeasuredSystem:
    """Its SMTP port, the times of its events, and its processes.

    `rest` is called between two laps.
    """

    port: int
    heard: EventTimes
    pids: Callable[[], Mapping[str, int]]
    rest: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Lap:
    """One run of mails: its length, the delays of each mail, CPU seconds by process.

    `seconds` is from the first dot to the last event, `delays` from dot to event, `acceptance`
    from dot to 250. `cpu` has services and servers together, all services, each server, and
    each service.
    """

    mails: int
    seconds: float
    delays: tuple[float, ...]
    acceptance: tuple[float, ...]
    cpu: Mapping[str, float]

    @property
    def rate(self) -> float:
        """Mails a second."""
        return self.mails / self.seconds


async def lap(
    measured: MeasuredSystem, servers: Servers, send: Callable[[], Awaitable[list[Sent]]]
) -> Lap:
    """Send mails and wait for the event of each."""
    before, began = _cpu(measured, servers), time.monotonic()
    sent = await send()
    moments = await measured.heard.all_of([one.subject for one in sent])
    seconds = max(moments.values()) - began
    after = _cpu(measured, servers)
    return Lap(
        len(sent),
        seconds,
        tuple(moments[one.subject] - one.dot for one in sent),
        tuple(one.accepted - one.dot for one in sent),
        {name: after[name] - before[name] for name in after},
    )


def _cpu(measured: MeasuredSystem, servers: Servers) -> dict[str, float]:
    broker = servers.rabbitmq.pids if servers.rabbitmq else ()
    database = servers.mongodb.pids if servers.mongodb else ()
    ours = {name: cpu_seconds([pid]) for name, pid in measured.pids().items()}
    whole = {
        SERVICES: sum(ours.values()),
        "RabbitMQ": cpu_seconds(broker),
        "mongod": cpu_seconds(database),
    }
    return {TOGETHER: sum(whole.values()), **whole, **ours}


@asynccontextmanager
async def running_floor(servers: Servers) -> AsyncIterator[MeasuredSystem]:
    """Run the floor while the block runs."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *tethered([sys.executable, "-m", "tests.bench.systems.floor", str(port)]),
        cwd=CHECKOUT,
        env={
            **os.environ,
            "RABBITMQ_URL": servers.rabbitmq_url,
            "MONGODB_URL": servers.mongodb_url,
        },
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    heard = EventTimes()
    try:
        await _line(process)
        listening = asyncio.create_task(_listen(process, heard))
        yield MeasuredSystem(port, heard, lambda: {"floor": process.pid}, _nothing)
        listening.cancel()
    finally:
        process.kill()
        await process.wait()


async def _listen(process: asyncio.subprocess.Process, heard: EventTimes) -> None:
    while line := await _line(process):
        moment, _, subject = line.partition(" ")
        heard.note(subject, float(moment))


async def _nothing() -> None:
    return


async def _line(process: asyncio.subprocess.Process) -> str:
    return (await process.stdout.readline()).decode().strip() if process.stdout else ""
