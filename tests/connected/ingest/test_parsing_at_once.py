"""One arrival that two workers parse at the same time: one interaction, and it is announced."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import aio_pika
import pytest
from aio_pika.abc import AbstractQueue

from shared.contracts.commands import ParseMail
from shared.contracts.envelope import EVENTS
from shared.contracts.events import InteractionReceived
from shared.contracts.outgoing import Outgoing
from shared.messaging.outbox_publisher import OutboxPublisher
from shared.storage.database.outbox import CollectionOutbox
from shared.storage.interactions import interaction_store
from shared.storage.interactions.interaction_store import InteractionStore
from tests.support.backend import Backend, cause
from tests.support.ingest import MAIL, Ingest, envelope, running_ingest

pytestmark = pytest.mark.connected


class DeadError(Exception):
    """The process ended at this line."""


async def die(_: str, __: Sequence[Outgoing]) -> None:
    raise DeadError


@asynccontextmanager
async def received(vhost_url: str) -> AsyncIterator[AbstractQueue]:
    """Give a queue of what routing is told about new interactions."""
    connection = await aio_pika.connect(vhost_url)
    async with connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(EVENTS, f"{InteractionReceived.address}.#")
        yield queue


async def waiting(queue: AbstractQueue) -> int:
    """Take all that it has; say how many there were."""
    count = 0
    while await queue.get(no_ack=True, fail=False):
        count += 1
    return count


async def test_workers_at_one_arrival_announce_one_interaction(
    backend: Backend, ingest: Ingest, vhost_url: str
) -> None:
    arrival_id = await ingest.arrivals.add(MAIL, envelope())

    async with received(vhost_url) as told:
        parse = ingest.parsing.parse
        await asyncio.gather(*(parse(ParseMail(arrival_id=arrival_id), cause()) for _ in range(4)))

        assert await waiting(told) == 1
    assert await backend.database["interactions"].count_documents({}) == 1


async def test_interaction_of_a_dead_worker_is_announced_by_the_sweep(
    backend: Backend, ingest: Ingest, vhost_url: str
) -> None:
    arrival_id = await ingest.arrivals.add(MAIL, envelope())
    store = InteractionStore(backend.database, backend.clock, die)
    outbox = CollectionOutbox(backend.database[interaction_store.COLLECTION])
    sweeping = OutboxPublisher(backend.publisher, outbox)

    async with received(vhost_url) as told:
        async with running_ingest(replace(backend, interactions=store)) as dying:
            with pytest.raises(DeadError):
                await dying.parsing.parse(ParseMail(arrival_id=arrival_id), cause())
        # Another worker has the command too. It finds a copy, and tells nobody.
        await ingest.parsing.parse(ParseMail(arrival_id=arrival_id), cause())
        before = await waiting(told)
        published = await sweeping.sweep(backend.clock.now() + timedelta(seconds=1))
        await sweeping.finish()

        assert (before, published, await waiting(told)) == (0, 1, 1)
