"""More than one pod of each service. No balancer stands before them: their ports are known."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from deploy.local.processes.log import Log
from deploy.local.servers.running_servers import Servers
from deploy.local.stack.services import NAMES, Addresses, service
from deploy.local.stack.supervisor import Supervisor
from deploy.local.stack.system import System


@dataclass(frozen=True, slots=True)
class Pods:
    """All pods of a system: where mail is taken, where agents are served, and the processes."""

    smtp: tuple[int, ...]
    gateways: tuple[str, ...]
    pids: Mapping[str, int]


@asynccontextmanager
async def pods(
    up: Servers, running: System, count: int, names: Collection[str] = NAMES
) -> AsyncIterator[Pods]:
    """Run `count` pods of some services while the block runs: one is there, the others are added.

    Raises:
        NotPossibleError: One of them does not get ready.
    """
    where = [Addresses.choose(familiar=False) for _ in range(count - 1)]
    added = [
        replace(service(name, up.access, addresses), name=f"{name} {number}")
        for number, addresses in enumerate(where, 2)
        for name in names
    ]
    supervisor = Supervisor(added, Log((*NAMES, *(one.name for one in added))))
    supervisor.start()
    try:
        if added:
            await supervisor.wait_until_ready()
        everywhere = [running.addresses, *where]
        yield Pods(
            _ports([one.smtp for one in everywhere], "ingest" in names),
            tuple(
                f"http://127.0.0.1:{port}"
                for port in _ports([one.gateway for one in everywhere], "gateway" in names)
            ),
            {name: running.supervisor.pid(name) for name in NAMES}
            | {one.name: supervisor.pid(one.name) for one in added},
        )
    finally:
        await supervisor.stop()


def _ports(ports: list[int], are_added: bool) -> tuple[int, ...]:
    return tuple(ports if are_added else ports[:1])
