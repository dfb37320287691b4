"""A pod notices whatever ends its consumer, and consumes again."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import aio_pika
import pytest
from aio_pika.abc import AbstractConnection, AbstractIncomingMessage
from aio_pika.exceptions import ChannelClosed

from services.gateway.notifications.consumer_loop import end_of_consumer
from services.gateway.notifications.event_consumer import EventConsumer
from services.gateway.notifications.journal.journal_batch import batches
from shared.contracts.envelope import JOURNALED
from shared.messaging.declaration import declare_topology
from shared.storage.journal import StoredEntry
from tests.fixtures.broker import Broker
from tests.support.backend import Backend
from tests.support.waiting import until

pytestmark = pytest.mark.connected


@pytest.fixture
async def connection(vhost_url: str) -> AsyncIterator[AbstractConnection]:
    async with await aio_pika.connect(vhost_url) as connected:
        yield connected


async def ignore(_: AbstractIncomingMessage) -> None:
    """Nothing is expected."""


async def test_a_consumer_ends_when_its_queue_is_deleted(
    vhost_url: str, connection: AbstractConnection
) -> None:
    channel = await connection.channel()
    queue = await channel.declare_queue("doomed")
    ended = await end_of_consumer(connection, channel)
    await queue.consume(ignore)

    async with await aio_pika.connect(vhost_url) as other:
        await (await other.channel()).queue_delete("doomed")

    await asyncio.wait_for(ended, 10)


async def test_a_consumer_ends_when_the_broker_closes_its_channel(
    connection: AbstractConnection,
) -> None:
    channel = await connection.channel()
    queue = await channel.declare_queue(exclusive=True)
    ended = await end_of_consumer(connection, channel)
    await queue.consume(ignore)

    with suppress(ChannelClosed):
        await queue.bind("no such exchange", "key")

    await asyncio.wait_for(ended, 10)
    assert not connection.is_closed


async def test_events_of_2000_agents_all_arrive(vhost_url: str) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    late: asyncio.Queue[frozenset[str]] = asyncio.Queue()
    herd = [f"agent{number}" for number in range(2_000)]

    async def hear(message: AbstractIncomingMessage) -> None:
        heard.put_nowait(message.routing_key or "")

    events = EventConsumer(vhost_url, hear, late.put_nowait)
    events.watch("first")
    async with events.receiving(), asyncio.timeout(60):
        await late.get()
        for agent_id in herd:
            events.watch(agent_id)
        while not all(await asyncio.gather(*(events.wait_until_applied(one) for one in herd))):
            pass
        async with await aio_pika.connect(vhost_url) as connection:
            exchange = await (await connection.channel()).get_exchange(JOURNALED)
            for agent_id in herd:
                await exchange.publish(aio_pika.Message(b""), agent_id)

            assert [await heard.get() for _ in herd] == herd


async def test_batch_reaches_each_pod_of_its_agents_once(backend: Backend, vhost_url: str) -> None:
    [batch] = batches([entry("anna", 1), entry("bert", 1), entry("anna", 2), entry("carl", 1)])
    [end] = batches([entry("everybody", 1)])

    async with AsyncExitStack() as stack:
        pods = [
            await stack.enter_async_context(pod(vhost_url, agents))
            for agents in (["anna", "bert"], ["carl"], ["doris"])
        ]
        await backend.publisher.publish_all([batch, end])

        heard = [[await one.heard.get()] for one in pods]
        for one, bodies in zip(pods, heard, strict=True):
            while bodies[-1] != end.body:
                bodies.append(await one.heard.get())

    assert heard == [[batch.body, end.body], [batch.body, end.body], [end.body]]


async def test_unwatched_agent_is_not_received_and_others_are(
    backend: Backend, vhost_url: str
) -> None:
    told = (entry("anna", 1), entry("anna", 2), entry("bert", 1), entry("everybody", 1))
    first, second, of_bert, end = (batch for one in told for batch in batches([one]))
    async with pod(vhost_url, ["anna", "bert"]) as here, pod(vhost_url, ["anna"]) as there:
        await backend.publisher.publish(first)
        assert await here.heard.get() == first.body

        here.events.unwatch("anna")
        is_applied = await here.events.wait_until_applied("anna")
        await backend.publisher.publish_all([second, of_bert, end])

        assert is_applied
        assert [await here.heard.get() for _ in range(2)] == [of_bert.body, end.body]
        assert [await there.heard.get() for _ in range(3)] == [first.body, second.body, end.body]


def entry(agent_id: str, position: int) -> StoredEntry:
    return StoredEntry(agent_id, position, b"{}", f"{agent_id}-{position}")


@dataclass(frozen=True)
class Pod:
    """A consumer of events, and the bodies of the messages it has received."""

    events: EventConsumer
    heard: asyncio.Queue[bytes]


@asynccontextmanager
async def pod(vhost_url: str, agents: Sequence[str]) -> AsyncIterator[Pod]:
    """Receive the events of some agents, and of the agent `everybody`."""
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    late: asyncio.Queue[frozenset[str]] = asyncio.Queue()

    async def hear(message: AbstractIncomingMessage) -> None:
        assert "BCC" not in message.headers
        heard.put_nowait(message.body)

    events = EventConsumer(vhost_url, hear, late.put_nowait)
    watched = [*agents, "everybody"]
    for agent_id in watched:
        events.watch(agent_id)
    async with events.receiving(), asyncio.timeout(20):
        for _ in watched:
            await late.get()
        yield Pod(events, heard)


async def test_pod_receives_again_after_its_channel_was_closed(
    vhost_url: str, broker: Broker
) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    late: asyncio.Queue[frozenset[str]] = asyncio.Queue()

    async def hear(message: AbstractIncomingMessage) -> None:
        heard.put_nowait(message.routing_key or "")

    events = EventConsumer(vhost_url, hear, late.put_nowait)
    events.watch("anna")
    async with events.receiving(), asyncio.timeout(20):
        assert await late.get() == {"anna"}
        host = quote(urlsplit(vhost_url).path.removeprefix("/"), safe="")
        broker.call("DELETE", f"/api/exchanges/{host}/{quote(JOURNALED, safe='')}")

        # There is nothing to bind to: the broker closes the channel.
        events.watch("ben")

        async def is_cut_off() -> bool:
            return not events.is_connected()

        assert await until(is_cut_off, 10, every=0.01)
        await declare_topology(vhost_url)
        again = {next(iter(await late.get())) for _ in range(2)}
        async with await aio_pika.connect(vhost_url) as connection:
            exchange = await (await connection.channel()).get_exchange(JOURNALED)
            for agent_id in ("anna", "ben"):
                await exchange.publish(aio_pika.Message(b""), agent_id)

        assert again == {"anna", "ben"}
        assert {await heard.get(), await heard.get()} == {"anna", "ben"}
        assert events.is_connected()
