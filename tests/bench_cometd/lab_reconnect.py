"""Kills and restarts the lab under its clients and measures how soon all are back."""

import time
from dataclasses import dataclass
from typing import Final

from tests.bench_cometd.reconnecting_clients import ReconnectingClients
from tests.bench_cometd.servers import INTERACTIONS, OURS, Server, padding, running

_PATIENCE: Final = 90.0


@dataclass(frozen=True, slots=True)
class ReconnectTimes:
    """Seconds from the restart until each client was back, and how many then got an event."""

    delays: list[float]
    heard: int


async def measure_lab_return(size: int) -> ReconnectTimes:
    """Kill the lab under its clients, start it at the same port, wait for all of them."""
    async with running(OURS) as first:
        clients = ReconnectingClients(first.url, size, INTERACTIONS, _login)
        async with clients.running():
            await clients.wait_until_subscribed(within=_PATIENCE)
            first.process.kill()
            await first.process.wait()
            async with running(OURS, port=first.url.rpartition(":")[2]) as second:
                return await _count(clients, second)


def _login(number: int) -> dict[str, str]:
    return {"Authorization": f"Bearer agent-{number}"}


async def _count(clients: ReconnectingClients, server: Server) -> ReconnectTimes:
    began = time.monotonic()
    await clients.wait_until_subscribed(within=_PATIENCE)
    server.publish(["*"], time.monotonic_ns(), padding(300))
    await clients.wait_until_heard(1, within=_PATIENCE)
    delays = [max(0.0, at - began) for at in clients.back.values()]
    return ReconnectTimes(delays, sum(bool(events) for events in clients.heard.values()))
