"""The gateway on real servers, without other services; its commands can be read."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

import aio_pika
import httpx2
from argon2 import PasswordHasher
from prometheus_client import CollectorRegistry

from deploy.local.processes.ports import free_port
from services.gateway.app import start
from services.gateway.settings import GatewaySettings
from shared.contracts.contact_center import ContactCenter
from shared.contracts.envelope import Contract
from shared.contracts.outgoing import wrap
from shared.domain.interaction import Attachment, Interaction, Invitation
from shared.domain.lifecycle import Direction, State
from shared.messaging.topology import WorkQueue
from shared.observability.probes import Health
from shared.runtime.resources import Resources
from shared.storage.agents import agent_login_store, agent_store
from shared.storage.contacts import contact_store
from shared.storage.files import document_store
from shared.storage.files.vault import Vault
from shared.storage.interactions import interaction_store
from shared.storage.mails.delivery_store import DeliveryStore
from tests.connected.messaging.queues import commands_to_all
from tests.fixtures.plain_http import NO_CERTIFICATES
from tests.support.backend import Backend, cause
from tests.support.ingest import make_arrivals

_CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@cache
def hashed(password: str) -> str:
    """Return a hash that is cheap to check."""
    return _CHEAP.hash(password)


PDF = Attachment("00009A8T8Y13002S", "Rechnung März.pdf", 9, "application/pdf")


@dataclass
class Gateway:
    """A running gateway as its clients and its services see it."""

    url: str
    broker_url: str
    database_url: str
    backend: Backend
    health: Health
    commands: "asyncio.Queue[dict[str, Any]]"
    stack: AsyncExitStack = field(repr=False)

    async def client(self, name: str | None = None, **options: Any) -> httpx2.AsyncClient:
        """Return a client that logs in with every request; None is a stranger."""
        auth = (name, name) if name else None
        client = httpx2.AsyncClient(
            base_url=self.url, auth=auth, timeout=20, verify=NO_CERTIFICATES, **options
        )
        return await self.stack.enter_async_context(client)

    async def clear(self) -> None:
        """Delete all agents and all mail."""
        used = (
            agent_store,
            agent_login_store,
            contact_store,
            interaction_store,
            document_store,
        )
        await asyncio.gather(
            *(self.backend.database[stored.COLLECTION].delete_many({}) for stored in used)
        )
        self.backend.take_events()
        while not self.commands.empty():
            self.commands.get_nowait()

    async def add_agent(self, name: str, **fields: Any) -> None:
        """Add an agent whose password is the name."""
        await self.backend.add_agent(name, password_hash=hashed(name), **fields)

    async def offered(self, agent_id: str = "agent1", **fields: Any) -> Interaction:
        """Store a mail that is offered to an agent."""
        invitation = Invitation(agent_id, self.backend.clock.now() + timedelta(seconds=30))
        return await self.store(state=State.INVITED, invitation=invitation, version=2, **fields)

    async def accepted(self, agent_id: str = "agent1", **fields: Any) -> Interaction:
        """Store a mail that an agent works on."""
        return await self.store(state=State.ACCEPTED, owner_id=agent_id, version=3, **fields)

    async def drafted(self, agent_id: str = "agent1", **fields: Any) -> Interaction:
        """Store a draft of an agent, addressed to the customer."""
        return await self.store(
            direction=Direction.OUTBOUND,
            subtype="OutboundReply",
            state=State.REPLY_CREATED,
            owner_id=agent_id,
            **fields,
        )

    async def store(self, **fields: Any) -> Interaction:
        """Store a mail in any state."""
        mail = await self.backend.add_mail(**fields)
        self.backend.take_events()
        return mail

    async def describe(self, contact_center: ContactCenter) -> None:
        """Put a description in force, here and now."""
        await self.backend.configuration.write(contact_center)
        self.backend.clock.move(timedelta(seconds=5))

    async def announce(self, event: Contract) -> None:
        """Publish an event as a service would."""
        await self.backend.publisher.publish(wrap(event, cause(), self.backend.clock.now()))

    async def command(self) -> dict[str, Any]:
        """Return the body of the next command."""
        async with asyncio.timeout(30):
            body = await self.commands.get()
        return {name: value for name, value in body.items() if name != "message_id"}

    async def command_id(self) -> UUID:
        """Return the id of the next command."""
        async with asyncio.timeout(30):
            return UUID((await self.commands.get())["message_id"])

    async def parked(self, queue: WorkQueue) -> bytes:
        """Take the next message that waits for an operator."""
        async with await aio_pika.connect(self.broker_url) as connection, asyncio.timeout(30):
            parking = await (await connection.channel()).get_queue(queue.parking)
            async with parking.iterator(no_ack=True) as messages:
                return (await anext(messages)).body

    async def unchanged(self, before: Interaction) -> bool:
        """Say whether nothing has happened to an interaction, and nothing was commanded."""
        after = await self.backend.interactions.get(before.id)
        return after == replace(before, user_data=after.user_data) and self.commands.empty()


@asynccontextmanager
async def running_gateway(
    backend: Backend, rabbitmq_url: str, database_url: str, **options: str
) -> AsyncIterator[Gateway]:
    """Give a gateway that listens on a port of its own, or on that of the options."""
    port = options.pop("port", "") or free_port()
    settings = GatewaySettings.model_validate(
        {
            "RABBITMQ_URL": rabbitmq_url,
            "MONGODB_URL": database_url,
            "host": "127.0.0.1",
            "port": port,
            "own_address": "127.0.0.1",
            "connect_timeout": "PT5S",
            # No service here gives a command its outcome.
            "turn_patience": "PT0S",
            **options,
        }
    )
    health = Health()
    async with AsyncExitStack() as stack:
        commands = await stack.enter_async_context(published_commands(rabbitmq_url))
        await stack.enter_async_context(
            start(settings, _resources(backend, health), CollectorRegistry())
        )
        yield Gateway(
            f"http://127.0.0.1:{port}", rabbitmq_url, database_url, backend, health, commands, stack
        )


def _resources(backend: Backend, health: Health) -> Resources:
    return Resources(
        clock=backend.clock,
        database=backend.database,
        publisher=backend.publisher,
        interactions=backend.interactions,
        agents=backend.agents,
        deliveries=DeliveryStore(backend.database, backend.clock, _announce_nothing),
        arrivals=make_arrivals(backend),
        configuration=backend.configuration,
        vault=Vault(backend.database, backend.clock),
        health=health,
    )


async def _announce_nothing(document_id: str, owed: object) -> None:
    raise AssertionError(f"the gateway delivers nothing: {document_id}, {owed}")


@asynccontextmanager
async def published_commands(url: str) -> "AsyncIterator[asyncio.Queue[dict[str, Any]]]":
    """Give the bodies of the commands that are published, each with its address and id."""
    commands: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel()
        queue = await commands_to_all(channel)

        async def keep(message: aio_pika.abc.AbstractIncomingMessage) -> None:
            body = json.loads(message.body)["body"]
            about = {"address": message.routing_key, "message_id": message.message_id}
            commands.put_nowait(body | about)

        await queue.consume(keep, no_ack=True)
        yield commands


def failure(status_code: int, answer: Mapping[str, Any]) -> bool:
    """Say whether an answer is a failure of that number in both dialects."""
    message = answer["statusMessage"]
    return bool(message) and answer == {
        "statusCode": status_code,
        "statusMessage": message,
        "status": "error",
        "errorDescription": message,
    }
