"""Outbound as a process of its own, killed at every point that matters."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from shared.contracts.events import DeliveryUncertain, InteractionEvent, MailSent
from shared.domain.deliveries.delivery import DeliveryState
from shared.domain.ids import new_id
from shared.domain.lifecycle import Direction, State
from shared.messaging.outbox_publisher import OutboxPublisher
from shared.storage.database.outbox import CollectionOutbox
from shared.storage.mails import delivery_store
from shared.storage.mails.delivery_store import DeliveryStore, new_delivery
from tests.doubles.smtp_sink import SmtpSink, running_sink
from tests.support.backend import Backend, cause, open_backend

pytestmark = [pytest.mark.connected, pytest.mark.faults]


@dataclass
class Process:
    """A running outbound."""

    running: asyncio.subprocess.Process

    async def dies(self) -> int:
        """Return the exit code, once there is one."""
        async with asyncio.timeout(30):
            return await self.running.wait()


@dataclass
class KillableOutbound:
    """A contact center whose mail goes to a sink."""

    backend: Backend
    sink: SmtpSink
    store: DeliveryStore
    environment: dict[str, str]

    async def submit(self) -> str:
        """Hand a mail over as composition does; return its id."""
        mail = await self.backend.add_mail(
            id=new_id(), direction=Direction.OUTBOUND, state=State.SENDING, owner_id="agent1"
        )
        delivery = new_delivery(
            interaction_id=mail.id,
            agent_id="agent1",
            message_id=f"<{mail.id}@demo.example>",
            sender="support@demo.example",
            recipients=["ann@example.org"],
            now=datetime.now(UTC),
        )
        await self.store.add(delivery, f"Message-ID: {mail.id}\r\n\r\n".encode(), cause())
        return mail.id

    @asynccontextmanager
    async def started(self, crash_at: str = "") -> AsyncIterator[Process]:
        """Run outbound, and kill it at a point or stop it at the end."""
        running = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "services.outbound",
            env=self.environment | {"CRASH_AT": crash_at},
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            yield Process(running)
        finally:
            if running.returncode is None:
                running.send_signal(signal.SIGTERM)
            async with asyncio.timeout(30):
                await running.wait()

    async def states(self, mails: list[str]) -> dict[str, DeliveryState]:
        found = [await self.store.get(mail) for mail in mails]
        return {one.id: one.state for one in found if one}

    def kept(self) -> list[str]:
        """Return the ids of the mails that the sink has, as often as it has them."""
        return [one.octets.decode().split()[1] for one in self.sink.kept]


@pytest.fixture
async def outbound(vhost_url: str, database_url: str) -> AsyncIterator[KillableOutbound]:
    """Outbound's stores, without a process that delivers."""
    async with open_backend(vhost_url, database_url) as backend, running_sink() as sink:
        outbox = CollectionOutbox(backend.database[delivery_store.COLLECTION])
        outbox_publisher = OutboxPublisher(backend.publisher, outbox)
        environment = {
            **os.environ,
            "RABBITMQ_URL": vhost_url,
            "MONGODB_URL": database_url,
            "PROBE_HOST": "127.0.0.1",
            "PROBE_PORT": "0",
            "MAILROOM_FAULTS": "1",
            "OUTBOUND_SMTP_HOST": "127.0.0.1",
            "OUTBOUND_SMTP_PORT": str(sink.port),
            "OUTBOUND_SMTP_TLS": "none",
            "OUTBOUND_LEASE": "2",
            "OUTBOUND_SWEEP": "0.2",
        }
        store = DeliveryStore(backend.database, backend.clock, outbox_publisher.announce)
        yield KillableOutbound(backend, sink, store, environment)
        await outbox_publisher.finish()


async def test_killed_before_the_dot_the_mail_is_sent_once_by_the_next(
    outbound: KillableOutbound,
) -> None:
    mail = await outbound.submit()
    async with outbound.started(crash_at="outbound.before_dot") as process:
        code = await process.dies()
    kept_by_then = outbound.kept()

    async with outbound.started():
        await _hears(outbound, MailSent, mail)

    assert (code, kept_by_then) == (-signal.SIGKILL, [])
    assert outbound.kept() == [mail]


@pytest.mark.parametrize("point", ["outbound.after_dot", "outbound.after_250"])
async def test_mail_is_uncertain_when_outbound_is_killed_after_the_dot(
    outbound: KillableOutbound, point: str
) -> None:
    mail = await outbound.submit()
    async with outbound.started(crash_at=point) as process:
        code = await process.dies()
    await outbound.sink.keeps(1)

    async with outbound.started():
        await _hears(outbound, DeliveryUncertain, mail)

    assert code == -signal.SIGKILL
    assert outbound.kept() == [mail]
    assert (await outbound.backend.interactions.get(mail)).state is State.UNCERTAIN


async def test_outbound_killed_again_and_again_loses_and_repeats_no_mail(
    outbound: KillableOutbound,
) -> None:
    mails = [await outbound.submit() for _ in range(40)]
    for point in ("before_dot:5", "after_dot:9", "after_250:7", "before_dot:3"):
        async with outbound.started(crash_at=f"outbound.{point}") as process:
            await process.dies()

    async with outbound.started():
        for mail in mails:
            await _ends(outbound, mail)

    states = await outbound.states(mails)
    kept = outbound.kept()
    sent = {mail for mail, state in states.items() if state is DeliveryState.SENT}
    uncertain = {mail for mail, state in states.items() if state is DeliveryState.UNCERTAIN}
    assert sent | uncertain == set(mails)
    assert len(kept) == len(set(kept))
    assert sent <= set(kept)
    assert 2 <= len(uncertain) <= 16


async def _hears(outbound: KillableOutbound, kind: type[InteractionEvent], mail: str) -> None:
    """Wait for an event about a mail, for as long as a process may need to start."""
    async with asyncio.timeout(60):
        while True:
            event = (await outbound.backend.events.get()).body
            if isinstance(event, kind) and event.interaction_id == mail:
                return


async def _ends(outbound: KillableOutbound, mail: str) -> None:
    """Wait for the event that ends the delivery, unless it has come already."""
    while (await outbound.backend.interactions.get(mail)).state is State.SENDING:
        async with asyncio.timeout(60):
            await outbound.backend.events.get()
