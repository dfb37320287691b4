"""The lab killed and started again under its clients: how soon are all back?"""

import time
from dataclasses import dataclass
from typing import Final

from tests.bench_cometd.contestants import INTERACTIONS, OURS, Server, padding, running
from tests.bench_cometd.herd import Herd

_PATIENCE: Final = 90.0


@dataclass(frozen=True, slots=True)
class Return:
    """How long after the restart the clients were there, in seconds; and how many heard then."""

    delays: list[float]
    heard: int


async def stampede(size: int) -> Return:
    """Kill the lab under its clients, start it at the same port, wait for all of them."""
    async with running(OURS) as first:
        herd = Herd(first.url, size, INTERACTIONS, _login)
        async with herd.roaming():
            await herd.all_are_there(within=_PATIENCE)
            first.process.kill()
            await first.process.wait()
            async with running(OURS, port=first.url.rpartition(":")[2]) as second:
                return await _count(herd, second)


def _login(number: int) -> dict[str, str]:
    return {"Authorization": f"Bearer agent-{number}"}


async def _count(herd: Herd, server: Server) -> Return:
    began = time.monotonic()
    await herd.all_are_there(within=_PATIENCE)
    server.publish(["*"], time.monotonic_ns(), padding(300))
    await herd.all_have(1, within=_PATIENCE)
    delays = [max(0.0, at - began) for at in herd.back.values()]
    return Return(delays, sum(bool(events) for events in herd.heard.values()))
