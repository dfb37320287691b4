"""The resources of a service, opened in order and closed in reverse order."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

import structlog

from shared.background_tasks import run_periodically
from shared.domain.clock import Clock
from shared.domain.errors import Unavailable
from shared.messaging.outbox_publisher import OutboxPublisher, running_outbox_publisher
from shared.messaging.publisher import Publisher, open_service_publisher
from shared.observability.probes import Health
from shared.runtime.parked_messages import storing_parked_messages
from shared.runtime.rights import RIGHTS, Rights
from shared.runtime.settings import ServiceSettings
from shared.storage.agents import agent_store as agents
from shared.storage.agents.agent_store import AgentStore
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.database.client import (
    Database,
    DatabaseRefusesError,
    open_database,
    require_replica_set,
)
from shared.storage.database.clock import MEASURED_EVERY, DatabaseClock
from shared.storage.database.outbox import CollectionOutbox
from shared.storage.database.privileges import Action
from shared.storage.files.vault import Vault
from shared.storage.indexes import create_indexes
from shared.storage.interactions import interaction_store as interactions
from shared.storage.interactions.interaction_store import InteractionStore
from shared.storage.mails import arrival_store as arrivals
from shared.storage.mails import delivery_store as deliveries
from shared.storage.mails.arrival_store import ArrivalStore
from shared.storage.mails.delivery_store import DeliveryStore
from shared.storage.parked_messages import ParkedStore

log = structlog.get_logger()

# Hundreds of processes may wait for one database that starts.
_RETRY_SECONDS: Final = 1.0
_UNANSWERED: Final = 2
"""Measurements of the clock in a row that may fail before the pod is not Ready."""


@dataclass(frozen=True, slots=True)
class Resources:
    """The stores and connections of a process, opened once."""

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
    """Connect to database and broker, and open the stores.

    It waits until the database answers. It waits for the broker only if `settings.needs_broker`.
    """
    rights = RIGHTS[name]
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(settings.mongodb_url, name=name))
        await _retry_until_answered(partial(require_replica_set, database))
        await _retry_until_answered(
            partial(create_indexes, database, rights.database.indexed_collections)
        )
        clock = await stack.enter_async_context(_database_clock(settings, database, health))
        publisher, upkeep = await stack.enter_async_context(
            open_service_publisher(settings.rabbitmq_url, name=name, rights=rights.broker)
        )
        health.add_check("topology", upkeep.problem, needed=settings.needs_broker)
        # Workers take nothing from such a broker, and no other pod would: none is taken away.
        health.add_check("broker", upkeep.silence, needed=False)
        if settings.needs_broker:
            await upkeep.declared()
        of_interactions, of_agents, of_deliveries, of_arrivals = [
            await _outbox_publisher(stack, publisher, database, clock, rights, collection)
            for collection in (
                interactions.COLLECTION,
                agents.COLLECTION,
                deliveries.COLLECTION,
                arrivals.COLLECTION,
            )
        ]
        await stack.enter_async_context(
            storing_parked_messages(
                settings.rabbitmq_url,
                rights.broker.queues,
                ParkedStore(database, clock),
                publisher,
                name=name,
            )
        )
        vault = Vault(database, clock)
        yield Resources(
            clock,
            database,
            publisher,
            InteractionStore(
                database, clock, of_interactions.announce, in_streams=settings.changes_in_streams
            ),
            AgentStore(database, clock, of_agents.announce),
            DeliveryStore(database, clock, of_deliveries.announce),
            ArrivalStore(database, vault, clock, of_arrivals),
            ConfigurationStore(database, clock),
            vault,
            health,
        )


@asynccontextmanager
async def _database_clock(
    settings: ServiceSettings, database: Database, health: Health
) -> AsyncIterator[DatabaseClock]:
    clock = DatabaseClock(database)
    await _retry_until_answered(clock.measure)
    health.add_check("database", partial(_silence, clock, _UNANSWERED * MEASURED_EVERY))
    health.ready["clock"] = lambda: abs(clock.skew) <= settings.clock_skew
    async with run_periodically(clock.measure, every=MEASURED_EVERY):
        yield clock


def _silence(clock: DatabaseClock, most: timedelta) -> str:
    silence = clock.silence()
    return f"no answer for {silence.total_seconds():.0f} seconds" if silence > most else ""


async def _outbox_publisher(
    stack: AsyncExitStack,
    publisher: Publisher,
    database: Database,
    clock: Clock,
    rights: Rights,
    collection: str,
) -> OutboxPublisher:
    outbox, may_publish = CollectionOutbox(database[collection], clock), rights.broker.may_publish
    if not rights.database.may(Action.UPDATE, collection):
        return OutboxPublisher(publisher, outbox, may_publish)
    return await stack.enter_async_context(
        running_outbox_publisher(
            publisher,
            outbox,
            clock,
            may_publish,
            # The command stays in the outbox until the mail is parsed: the broker may lose it.
            until_handled=collection == arrivals.COLLECTION,
        )
    )


async def _retry_until_answered(step: Callable[[], Awaitable[object]]) -> None:
    """Repeat a step of the start until the database answers.

    Raises:
        DatabaseRefusesError: The database answers and refuses: waiting would not help.
    """
    while True:
        try:
            await step()
        except DatabaseRefusesError:
            raise
        except Unavailable as error:
            log.warning("database does not answer yet", reason=str(error))
            await asyncio.sleep(_RETRY_SECONDS)
        else:
            return
