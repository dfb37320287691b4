"""What a service works with, opened in order and closed in the reverse order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

import structlog

from shared.domain.clock import Clock, SystemClock
from shared.domain.errors import Unavailable
from shared.messaging.announcer import Announcer, running_announcer
from shared.messaging.declaring import declare_topology
from shared.messaging.publisher import Publisher, open_publisher
from shared.observability.probes import Health
from shared.runtime.settings import ServiceSettings
from shared.storage import agents, arrivals, deliveries, interactions
from shared.storage.agents import AgentStore
from shared.storage.arrivals import ArrivalStore
from shared.storage.client import Database, open_database
from shared.storage.configuration import ConfigurationStore
from shared.storage.deliveries import DeliveryStore
from shared.storage.indexes import create_indexes
from shared.storage.interactions import InteractionStore
from shared.storage.outbox import CollectionOutbox
from shared.storage.vault import Vault

log = structlog.get_logger()

_RETRY_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Resources:
    """Opened once for the life of a process, and handed down from there."""

    clock: Clock
    database: Database
    publisher: Publisher
    interactions: InteractionStore
    agents: AgentStore
    deliveries: DeliveryStore
    arrivals: ArrivalStore
    configuration: ConfigurationStore
    vault: Vault
    health: Health


@asynccontextmanager
async def open_resources(
    settings: ServiceSettings, *, name: str, health: Health
) -> AsyncIterator[Resources]:
    """Connect to broker and database, waiting for as long as they are away."""
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(settings.mongodb_url, name=name))
        await _create_indexes_patiently(database)
        publisher = await stack.enter_async_context(
            open_publisher(settings.rabbitmq_url, name=name)
        )
        await declare_topology(settings.rabbitmq_url)
        of_interactions, of_agents, of_deliveries, of_arrivals = [
            await _announcer(stack, publisher, database, clock, collection)
            for collection in (
                interactions.COLLECTION,
                agents.COLLECTION,
                deliveries.COLLECTION,
                arrivals.COLLECTION,
            )
        ]
        vault = Vault(database, clock)
        yield Resources(
            clock,
            database,
            publisher,
            InteractionStore(database, clock, of_interactions.announce),
            AgentStore(database, clock, of_agents.announce),
            DeliveryStore(database, clock, of_deliveries.announce),
            ArrivalStore(database, vault, clock, of_arrivals),
            ConfigurationStore(database, clock),
            vault,
            health,
        )


async def _announcer(
    stack: AsyncExitStack, publisher: Publisher, database: Database, clock: Clock, collection: str
) -> Announcer:
    outbox = CollectionOutbox(database[collection])
    return await stack.enter_async_context(running_announcer(publisher, outbox, clock))


async def _create_indexes_patiently(database: Database) -> None:
    while True:
        try:
            await create_indexes(database)
        except Unavailable as error:
            log.warning("database does not answer yet", reason=str(error))
            await asyncio.sleep(_RETRY_SECONDS)
        else:
            return
