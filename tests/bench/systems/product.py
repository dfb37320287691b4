"""The product as a measured: all six services as processes, agents with real CometD clients."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pymongo import AsyncMongoClient

from deploy.local.servers.running_servers import Servers
from deploy.local.stack.services import NAMES, Addresses
from deploy.local.stack.system import System, system
from shared.domain.lifecycle import State
from shared.storage.agents import agent_store as agents_store
from shared.storage.interactions import interaction_store
from tests.bench.instruments.event_times import EventTimes
from tests.bench.instruments.processes import children, resident_megabytes
from tests.bench.load.agents import CAPACITY, Agent, contact_center, listening
from tests.bench.systems.measured_systems import MeasuredSystem


@dataclass(frozen=True, slots=True)
class Product:
    """The running product."""

    measured: MeasuredSystem
    agents: list[Agent]
    idle: Mapping[str, float]

    def resident(self) -> dict[str, float]:
        """Return the resident memory of each service, and of the parser below ingest, in MB."""
        return resident(self.measured.pids())


async def clear_desks(mongodb_url: str) -> None:
    """End every invitation behind the product's back, so that the next lap finds free agents.

    Nobody answers during a lap: the floor's mails are not answered either.
    """
    async with AsyncMongoClient[dict[str, Any]](mongodb_url) as client:
        database = client.get_default_database()
        await database[interaction_store.COLLECTION].update_many(
            {"state": State.INVITED}, {"$set": {"state": State.COMPLETED, "invitation": None}}
        )
        await database[agents_store.COLLECTION].update_many(
            {}, {"$set": {"holding": [], "free": CAPACITY}}
        )


def resident(pids: Mapping[str, int]) -> dict[str, float]:
    """Return the resident memory of each service, and of the parser below ingest, in MB."""
    found = {name: resident_megabytes(pid) for name, pid in pids.items()}
    return found | {
        f"{name}'s child": resident_megabytes(child)
        for name, pid in pids.items()
        for child in children(pid)
    }


@asynccontextmanager
async def running_product(servers: Servers, folder: Path, agents: int) -> AsyncIterator[Product]:
    """Run the product while the block runs; every agent is Ready and has free capacity."""
    names = [f"agent{number}" for number in range(1, agents + 1)]
    description = folder / "contact-center.yaml"
    description.write_text(contact_center(names))
    async with system(
        servers.access,
        sent=folder / "sent",
        addresses=Addresses.choose(familiar=False),
        configuration=description,
    ) as running:
        idle = resident(_pids(running))
        heard = EventTimes()
        async with listening(running.gateway_url, names, heard) as ready:
            measured = MeasuredSystem(
                running.addresses.smtp,
                heard,
                lambda: _pids(running),
                partial(clear_desks, servers.mongodb_url),
            )
            yield Product(measured, ready, idle)


def _pids(running: System) -> dict[str, int]:
    return {name: running.supervisor.pid(name) for name in NAMES}
