"""A worker's end of its queue, on a real broker."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from shared.background_tasks import StopDeadline
from shared.contracts.commands import ExtractDocuments
from shared.contracts.envelope import Cause, Envelope
from shared.contracts.outgoing import Outgoing, wrap
from shared.domain.errors import Unavailable
from shared.messaging.consumer import Consumer
from shared.messaging.publisher import UnroutableError
from shared.messaging.topology import ATTACHMENTS
from tests.support.backend import Backend

pytestmark = pytest.mark.connected

Handler = Callable[[Envelope[ExtractDocuments]], Awaitable[None]]
DRAIN = timedelta(seconds=10)


@pytest.fixture
async def channel(backend: Backend, vhost_url: str) -> AsyncIterator[AbstractChannel]:
    """A channel that looks into queues."""
    del backend  # is opened first because it declares them
    connection = await aio_pika.connect(vhost_url)
    async with connection:
        yield await connection.channel()


@asynccontextmanager
async def consuming(
    backend: Backend, url: str, handler: Handler, *, prefetch: int = 4
) -> AsyncIterator[Consumer]:
    consumer = Consumer(
        url, ATTACHMENTS, backend.publisher, prefetch=prefetch, deadline=StopDeadline(DRAIN)
    )
    consumer.subscriber(handler)
    async with consumer.running():
        yield consumer


def command(backend: Backend, name: str = "one") -> Outgoing:
    body = ExtractDocuments(interaction_id=name, arrival_id=name)
    return wrap(body, Cause(), backend.clock.now())


async def take(channel: AbstractChannel, queue: str) -> AbstractIncomingMessage:
    """Return the next message of a queue, waiting for it."""
    arrived: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
    declared = await channel.get_queue(queue)
    tag = await declared.consume(arrived.put, no_ack=True)
    try:
        async with asyncio.timeout(15):
            return await arrived.get()
    finally:
        await declared.cancel(tag)


async def count(channel: AbstractChannel, queue: str) -> int:
    return (await channel.declare_queue(queue, passive=True)).declaration_result.message_count or 0


async def test_a_handled_message_is_gone(
    backend: Backend, vhost_url: str, channel: AbstractChannel
) -> None:
    handled = asyncio.Event()

    async def handler(_: Envelope[ExtractDocuments]) -> None:
        handled.set()

    async with consuming(backend, vhost_url, handler):
        await backend.publisher.publish(command(backend))
        await asyncio.wait_for(handled.wait(), 10)

    assert await count(channel, ATTACHMENTS.name) == 0


async def test_unavailable_message_waits_and_comes_back(backend: Backend, vhost_url: str) -> None:
    tries: asyncio.Queue[UUID] = asyncio.Queue()
    away = True

    async def handler(envelope: Envelope[ExtractDocuments]) -> None:
        nonlocal away
        tries.put_nowait(envelope.id)
        if away:
            away = False
            raise Unavailable("the database is away")

    async with consuming(backend, vhost_url, handler):
        await backend.publisher.publish(command(backend))
        first, second = [await asyncio.wait_for(tries.get(), 20) for _ in range(2)]

    assert first == second


async def test_a_defect_parks_the_message_with_its_reason(
    backend: Backend, vhost_url: str, channel: AbstractChannel
) -> None:
    async def handler(_: Envelope[ExtractDocuments]) -> None:
        raise KeyError("queue")

    poison = command(backend)
    async with consuming(backend, vhost_url, handler):
        await backend.publisher.publish(poison)
        parked = await take(channel, ATTACHMENTS.parking)

    assert parked.headers["x-reason"] == "KeyError: 'queue'"
    assert (parked.message_id, parked.body) == (poison.id, poison.body)
    assert await count(channel, ATTACHMENTS.name) == 0


@pytest.mark.parametrize("body", [b"{not json", b"[]", b'{"body": {}}', b"\xff\xfe", b""])
async def test_invalid_message_is_parked_and_others_flow(
    backend: Backend, vhost_url: str, channel: AbstractChannel, body: bytes
) -> None:
    handled: asyncio.Queue[str] = asyncio.Queue()

    async def handler(envelope: Envelope[ExtractDocuments]) -> None:
        handled.put_nowait(envelope.body.interaction_id)

    async with consuming(backend, vhost_url, handler, prefetch=1):
        await backend.publisher.publish(
            Outgoing("bad", ATTACHMENTS.commands, ExtractDocuments.address, body)
        )
        await backend.publisher.publish(command(backend, "good"))
        parked = await take(channel, ATTACHMENTS.parking)
        following = await asyncio.wait_for(handled.get(), 10)

    assert (parked.message_id, parked.body) == ("bad", body)
    assert following == "good"


async def test_stopping_finishes_what_runs_and_leaves_the_rest(
    backend: Backend, vhost_url: str, channel: AbstractChannel
) -> None:
    began, may_end, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def handler(_: Envelope[ExtractDocuments]) -> None:
        began.set()
        await may_end.wait()
        ended.set()

    async with consuming(backend, vhost_url, handler, prefetch=1) as consumer:
        await backend.publisher.publish_all([command(backend, "first"), command(backend, "second")])
        await asyncio.wait_for(began.wait(), 10)
        await consumer.stop_consuming()
        may_end.set()

    assert ended.is_set()
    left = await take(channel, ATTACHMENTS.name)
    assert b"second" in left.body
    assert not left.headers.get("x-delivery-count")


async def test_a_command_that_nobody_takes_is_an_error(backend: Backend) -> None:
    with pytest.raises(UnroutableError):
        await backend.publisher.publish(
            Outgoing("1", ATTACHMENTS.commands, "nobody.does-this.v1", b"{}")
        )


async def test_a_channel_that_the_broker_closed_over_a_long_handler_is_opened_again(
    backend: Backend, vhost_url: str
) -> None:
    began: asyncio.Queue[UUID] = asyncio.Queue()
    ended = asyncio.Event()

    async def handler(envelope: Envelope[ExtractDocuments]) -> None:
        began.put_nowait(envelope.id)
        await ended.wait()

    async with consuming(backend, vhost_url, handler) as consumer:
        await backend.publisher.publish(command(backend))
        first = await asyncio.wait_for(began.get(), 10)
        await have_channel_closed(consumer)
        again = await asyncio.wait_for(began.get(), 20)
        ended.set()

    assert again == first


async def have_channel_closed(consumer: Consumer) -> None:
    """Make the broker close the consumer's channel, as it does after half an hour without ack."""
    queue = consumer.subscriber._queue_obj
    assert queue is not None
    underlay = await queue.channel.get_underlay_channel()
    await underlay.basic_ack(4711)
