"""Stores and a publisher on a real database and a real broker, with a clock that a test moves."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import aio_pika
from pymongo.read_concern import ReadConcern

from shared.contracts.contact_center import ContactCenter, Mailbox, Queue, Sender
from shared.contracts.envelope import EVENTS, Cause, Contract, Envelope
from shared.contracts.events import InteractionReceived, JournaledEvent
from shared.contracts.outgoing import Outgoing
from shared.domain.ids import new_id
from shared.domain.interaction import Address, Email, Interaction
from shared.domain.lifecycle import Direction, State
from shared.messaging.declaration import declare_topology
from shared.messaging.outbox_publisher import OutboxPublisher
from shared.messaging.publisher import Publisher, open_publisher
from shared.observability.probes import Health
from shared.storage.agents import agent_login_store
from shared.storage.agents import agent_store as agents
from shared.storage.agents.agent_store import AgentStore
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.database.client import Database, open_database
from shared.storage.database.outbox import CollectionOutbox
from shared.storage.indexes import create_indexes
from shared.storage.interactions import interaction_store as interactions
from shared.storage.interactions.interaction_store import Announce, InteractionStore
from tests.doubles.clock import MovableClock

CENTER = ContactCenter(
    name="test",
    queues=(Queue(name="support"), Queue(name="sales"), Queue(name="drafts")),
    mailboxes=(
        Mailbox(address="support@demo.example", queue="support"),
        Mailbox(address="sales@demo.example", queue="sales"),
    ),
    senders=(Sender(address="support@demo.example", personal="Demo Support"),),
)

__all__ = ["CENTER", "Backend", "Health", "open_backend"]


@dataclass
class Backend:
    """The stores, publisher and clock of services, and the published events.

    `events` has every event for an agent, in the order in which the broker delivers them.
    """

    database: Database
    publisher: Publisher
    clock: MovableClock
    interactions: InteractionStore
    agents: AgentStore
    configuration: ConfigurationStore
    events: "asyncio.Queue[Envelope[JournaledEvent]]"

    async def add_agent(self, agent_id: str, *, ready: bool = True, **fields: Any) -> None:
        """Add an agent who serves support and sales and has room for one mail."""
        capacity = fields.pop("capacity", 1)
        login = login_document(agent_id)
        login |= {name: value for name, value in fields.items() if name in login}
        fields.pop("password_hash", None)
        document = agent_document(agent_id) | {
            "capacity": capacity,
            "free": capacity,
            "ready": ready,
            "idle_since": self.clock.now(),
        }
        await asyncio.gather(
            self.database[agent_login_store.COLLECTION].insert_one(login),
            self.database[agents.COLLECTION].insert_one(document | fields),
        )

    async def keep_login_as_before(self, agent_id: str) -> None:
        """Put an agent's login where an earlier release keeps it."""
        login = await self.database[agent_login_store.COLLECTION].find_one_and_delete(
            {"_id": agent_id}
        )
        await self.database[agents.COLLECTION].update_one({"_id": agent_id}, {"$set": login})

    async def newest(self, collection: str, document_id: str) -> dict[str, Any]:
        """Return a document as the newest write has it, whether a majority does or not."""
        local = self.database[collection].with_options(read_concern=ReadConcern("local"))
        return await local.find_one({"_id": document_id}) or {}

    async def held_by(self, agent_id: str) -> list[str]:
        """Return what an agent holds."""
        return list((await self.newest(agents.COLLECTION, agent_id))["holding"])

    async def add_mail(self, **fields: Any) -> Interaction:
        """Store a mail that waits in support."""
        interaction = replace(
            Interaction(
                id=new_id(),
                direction=Direction.INBOUND,
                subtype="InboundNew",
                state=State.QUEUED,
                queue="support",
                received_at=self.clock.now(),
                queued_at=self.clock.now(),
                mailbox="support@demo.example",
                mail=Email(
                    subject="Invoice 17",
                    sender=Address("ann@example.org", "Ann"),
                    to=(Address("support@demo.example"),),
                    text="Hello\nbye",
                    message_id="<1@example.org>",
                ),
            ),
            **fields,
        )
        await self.interactions.add(interaction, cause(), [InteractionReceived.of(interaction)])
        return interaction

    async def next_event(self, wanted: type[Contract], interaction_id: str | None = None) -> Any:
        """Return the next event of a kind, skipping others."""
        async with asyncio.timeout(30):
            while True:
                event = (await self.events.get()).body
                if isinstance(event, wanted) and interaction_id in (
                    None,
                    getattr(event, "interaction_id", None),
                ):
                    return event

    def take_events(self) -> list[Contract]:
        """Return the events that have arrived and were not asked for."""
        events: list[Contract] = []
        while not self.events.empty():
            events.append(self.events.get_nowait().body)
        return events


def agent_document(agent_id: str) -> dict[str, Any]:
    """Return an agent as stored, who serves support and sales and has room for one mail."""
    return {
        "_id": agent_id,
        "user_name": agent_id,
        "password_hash": "",
        "first_name": "",
        "last_name": "",
        "email_address": "",
        "roles": ["Agent"],
        "queues": ["support", "sales"],
        "skills": {},
        "capacity": 1,
        "free": 1,
        "holding": [],
        "enabled": True,
        "ready": True,
        "outbox": [],
        "applied": [],
    }


def login_document(agent_id: str) -> dict[str, Any]:
    """Return how an agent logs in, as stored; no password is right."""
    return {
        "_id": agent_id,
        "user_name": agent_id,
        "password_hash": "",
        "roles": ["Agent"],
        "enabled": True,
    }


def cause() -> Cause:
    """Return the cause of something that a new message asks for."""
    return Cause(message_id=uuid4())


@asynccontextmanager
async def open_backend(rabbitmq_url: str, database_url: str) -> AsyncIterator[Backend]:
    """Give a backend with the demo's queues and no agents, on servers where nothing is yet."""
    async with open_database(database_url, name="test") as database:
        await create_indexes(database)
    await declare_topology(rabbitmq_url)
    async with open_prepared_backend(rabbitmq_url, database_url) as backend:
        yield backend


@asynccontextmanager
async def open_prepared_backend(rabbitmq_url: str, database_url: str) -> AsyncIterator[Backend]:
    """Give a backend with the demo's queues and no agents, where all queues and indexes are."""
    clock = MovableClock()
    async with (
        open_database(database_url, name="test") as database,
        open_publisher(rabbitmq_url, name="test") as publisher,
        collecting_events(rabbitmq_url) as events,
    ):
        configuration = ConfigurationStore(database, clock)
        await configuration.write(CENTER)
        of_interactions, of_agents = [
            announcing_at_once(OutboxPublisher(publisher, CollectionOutbox(database[name])))
            for name in (interactions.COLLECTION, agents.COLLECTION)
        ]
        yield Backend(
            database,
            publisher,
            clock,
            InteractionStore(database, clock, of_interactions),
            AgentStore(database, clock, of_agents),
            configuration,
            events,
        )


def announcing_at_once(outbox_publisher: OutboxPublisher) -> Announce:
    """Return how a document's messages leave without staying in its outbox for a moment."""

    async def announce(document_id: str, owed: Sequence[Outgoing]) -> None:
        await outbox_publisher.announce(document_id, owed)
        await outbox_publisher.remove_published()

    return announce


@asynccontextmanager
async def collecting_events(
    url: str,
) -> AsyncIterator["asyncio.Queue[Envelope[JournaledEvent]]"]:
    """Give a queue that fills with every event for an agent."""
    events: asyncio.Queue[Envelope[JournaledEvent]] = asyncio.Queue()
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel()
        await channel.declare_exchange(EVENTS, "topic", durable=True)
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(EVENTS, "#")

        async def keep(message: aio_pika.abc.AbstractIncomingMessage) -> None:
            if not (message.routing_key or "").endswith(".all"):
                events.put_nowait(Envelope[JournaledEvent].model_validate_json(message.body))

        await queue.consume(keep, no_ack=True)
        yield events
