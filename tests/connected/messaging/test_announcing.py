"""Owed messages are published, whatever happens in between."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

import pytest

from shared.contracts.commands import ParseMail
from shared.contracts.envelope import Cause
from shared.contracts.events import AgentInvited
from shared.contracts.outgoing import Outgoing, wrap
from shared.domain.interaction import Interaction
from shared.messaging import outbox_publisher as announcing
from shared.messaging.outbox_publisher import OutboxPublisher, running_outbox_publisher
from shared.messaging.topology import INGEST
from shared.storage.database.client import Collection
from shared.storage.database.outbox import CollectionOutbox, to_entry
from tests.connected.messaging.queues import waiting_in
from tests.support.backend import Backend, cause

pytestmark = pytest.mark.connected


@pytest.fixture
def outbox_publisher(backend: Backend) -> OutboxPublisher:
    """What publishes the interactions' outboxes, and sweeps only when it is told to."""
    return OutboxPublisher(backend.publisher, CollectionOutbox(backend.database["interactions"]))


async def store_without_announcing(backend: Backend) -> Interaction:
    """Store an interaction as a process does that dies before it publishes."""

    async def die(_document_id: str, _owed: object) -> None:
        """Publish nothing."""

    backend.interactions._announce = die
    return await backend.add_mail()


async def test_the_sweep_publishes_what_a_dead_process_owed(
    backend: Backend, outbox_publisher: OutboxPublisher
) -> None:
    await store_without_announcing(backend)

    swept = await outbox_publisher.sweep(backend.clock.now() + timedelta(seconds=1))

    assert swept == 1


async def test_published_message_leaves_the_outbox(
    backend: Backend, outbox_publisher: OutboxPublisher
) -> None:
    mail = await store_without_announcing(backend)
    await outbox_publisher.sweep(backend.clock.now() + timedelta(seconds=1))

    await outbox_publisher.finish()

    assert (await backend.newest("interactions", mail.id))["outbox"] == []


async def test_the_sweep_leaves_the_newest_to_those_who_are_at_it(
    backend: Backend, outbox_publisher: OutboxPublisher
) -> None:
    await store_without_announcing(backend)

    assert await outbox_publisher.sweep(backend.clock.now()) == 0


async def test_events_leave_in_the_order_in_which_they_happened(
    backend: Backend, outbox_publisher: OutboxPublisher
) -> None:
    mail = await backend.add_mail()
    events = [AgentInvited.of(mail, f"agent{number}") for number in range(20)]

    await outbox_publisher.announce(
        mail.id, [wrap(one, cause(), backend.clock.now()) for one in events]
    )

    heard = [(await backend.next_event(AgentInvited)).agent_id for _ in events]
    assert heard == [f"agent{number}" for number in range(20)]


async def test_sweeping_goes_on_whatever_goes_wrong(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(announcing, "_SWEEP_INTERVAL", timedelta(0))
    mail = await store_without_announcing(backend)
    backend.clock.move(timedelta(minutes=1))
    outbox = FailingOnceOutbox(backend.database["interactions"])

    async with running_outbox_publisher(backend.publisher, outbox, backend.clock):
        async with asyncio.timeout(20):
            await outbox.struck.wait()

    assert (await backend.newest("interactions", mail.id))["outbox"] == []


class FailingOnceOutbox(CollectionOutbox):
    """Fails the first time in a way that nobody foresaw."""

    def __init__(self, collection: Collection) -> None:
        super().__init__(collection)
        self.struck = asyncio.Event()
        self._has_failed = False

    async def unpublished(self, before: datetime) -> AsyncIterator[tuple[str, Sequence[Outgoing]]]:
        if not self._has_failed:
            self._has_failed = True
            raise LookupError("nobody foresaw this")
        async for one in super().unpublished(before):
            yield one

    async def remove(self, published: Sequence[tuple[str, Sequence[str]]]) -> None:
        await super().remove(published)
        self.struck.set()


async def test_command_stays_owed_until_it_is_handled(backend: Backend, vhost_url: str) -> None:
    outbox = CollectionOutbox(backend.database["arrivals"], backend.clock)
    outbox_publisher = OutboxPublisher(backend.publisher, outbox, until_handled=True)
    order = wrap(ParseMail(arrival_id="ONE"), Cause(), backend.clock.now())
    entry = to_entry(order, backend.clock.now())
    await backend.database["arrivals"].insert_one({"_id": "ONE", "outbox": [entry]})

    await outbox_publisher.announce("ONE", [order])
    await outbox_publisher.remove_published()
    soon = await outbox_publisher.sweep(backend.clock.now() + timedelta(minutes=59))
    later = await outbox_publisher.sweep(backend.clock.now() + timedelta(minutes=61))
    outbox_publisher.remove_soon("ONE", [order.id])
    await outbox_publisher.remove_published()

    assert (soon, later) == (0, 1)
    assert await waiting_in(vhost_url, INGEST.name) == 2
    assert (await backend.newest("arrivals", "ONE"))["outbox"] == []
