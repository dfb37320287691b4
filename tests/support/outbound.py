"""Outbound on a real database and broker, and a next server that behaves as a test sets it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from random import SystemRandom

from services.outbound.delivery import Deliverer, DeliveryStores
from services.outbound.retry_scheduler import RetryScheduler
from services.outbound.return_paths import ReturnPaths
from services.outbound.smtp.connection import LoginProof, open_session
from services.outbound.smtp.connection_pool import PoolLimits, SmtpPool
from services.outbound.smtp.smtp_session import Deadlines, SmtpSession
from shared.contracts.contact_center import SmtpRoute
from shared.domain.deliveries.delivery import Delivery
from shared.domain.ids import new_id
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import Direction, State
from shared.messaging.outbox_publisher import OutboxPublisher
from shared.storage.database.outbox import CollectionOutbox
from shared.storage.files.vault import Vault
from shared.storage.mails import delivery_store
from shared.storage.mails.delivery_store import DeliveryStore, new_delivery
from tests.doubles.smtp_sink import SmtpSink
from tests.support.backend import Backend, cause

LEASE = timedelta(seconds=60)
CONNECTIONS = 4
OCTETS = b"From: support@demo.example\r\nSubject: Re: Invoice\r\n\r\n.Hello\r\n"


@dataclass
class Outbound:
    """Outbound without its process, and what a test does to it."""

    backend: Backend
    sink: SmtpSink
    store: DeliveryStore
    stores: DeliveryStores
    delivering: Deliverer
    retry_scheduler: RetryScheduler

    async def submit(
        self, *recipients: str, raw: bytes = OCTETS, interaction: Interaction | None = None
    ) -> str:
        """Hand a mail over as composition does; return its id."""
        interaction = interaction or await self.backend.add_mail(
            id=new_id(), direction=Direction.OUTBOUND, state=State.SENDING, owner_id="agent1"
        )
        await self.store.add(
            new_delivery(
                interaction_id=interaction.id,
                agent_id="agent1",
                message_id=f"<{new_id()}@demo.example>",
                sender="support@demo.example",
                recipients=recipients or ("ann@example.org",),
                now=self.backend.clock.now(),
            ),
            raw,
            cause(),
        )
        return interaction.id

    async def submit_automatic(self) -> str:
        """Hand an acknowledgement over as composition does; return its id."""
        interaction = await self.backend.add_mail(
            id=new_id(), direction=Direction.OUTBOUND, state=State.SENDING
        )
        await self.store.add(
            new_delivery(
                interaction_id=interaction.id,
                agent_id="",
                message_id=f"<{new_id()}@demo.example>",
                sender="",
                recipients=["ann@example.org"],
                now=self.backend.clock.now(),
            ),
            OCTETS,
            cause(),
        )
        return interaction.id

    async def delivered(self, *recipients: str, raw: bytes = OCTETS) -> Delivery:
        """Submit a mail and make one attempt; return what the journal says."""
        mail = await self.submit(*recipients, raw=raw)
        await self.delivering.deliver(mail)
        return await self.journal(mail)

    async def journal(self, mail: str) -> Delivery:
        delivery = await self.store.get(mail)
        assert delivery
        return delivery

    async def state(self, mail: str) -> State:
        return (await self.backend.interactions.get(mail)).state

    def another(self, **changes: object) -> Deliverer:
        """Return a second process's worth of outbound, or one that works differently."""
        return Deliverer(replace(self.stores, **changes))  # type: ignore[arg-type]

    def later(self, by: timedelta) -> None:
        self.backend.clock.move(by)


@asynccontextmanager
async def running_outbound(
    backend: Backend, sink: SmtpSink, *, dot: timedelta, others: timedelta = timedelta(seconds=10)
) -> AsyncIterator[Outbound]:
    outbox_publisher = OutboxPublisher(
        backend.publisher, CollectionOutbox(backend.database[delivery_store.COLLECTION])
    )
    store = DeliveryStore(backend.database, backend.clock, outbox_publisher.announce)
    deadlines = Deadlines(others, others, others, others, others, others, dot)

    async def connect(route: SmtpRoute) -> SmtpSession:
        return await open_session(
            route, LoginProof(), hello_name="test.example", deadlines=deadlines, clock=backend.clock
        )

    async def route() -> SmtpRoute:
        return SmtpRoute(host="127.0.0.1", port=sink.port, tls="none")

    limits = PoolLimits(CONNECTIONS, 100, timedelta(minutes=10), timedelta(seconds=30))
    async with aclosing(SmtpPool(connect, limits, backend.clock)) as pool:
        stores = DeliveryStores(
            deliveries=store,
            interactions=backend.interactions,
            vault=Vault(backend.database, backend.clock),
            pool=pool,
            route=route,
            return_paths=ReturnPaths(backend.configuration.current),
            clock=backend.clock,
            lease=LEASE,
            random=SystemRandom(),
        )
        retry_scheduler = RetryScheduler(store, backend.publisher, backend.clock)
        delivering = Deliverer(stores)
        yield Outbound(backend, sink, store, stores, delivering, retry_scheduler)
        await asyncio.wait_for(delivering.finish(), 30)
        await outbox_publisher.finish()
