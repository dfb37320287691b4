"""A test never meets what another one left on the servers."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel

from shared.contracts.envelope import EVENTS
from shared.messaging.declaration import exists
from shared.messaging.topology import ROUTING
from shared.storage.agents import agent_store
from tests.connected.messaging.queues import waiting_in
from tests.connected.sandboxes import Sandbox, SandboxPool

pytestmark = pytest.mark.connected


async def publish(channel: AbstractChannel, queue: str) -> None:
    await channel.default_exchange.publish(aio_pika.Message(b"{}"), queue)


async def test_messages_of_one_test_are_gone_for_the_next(sandboxes: SandboxPool) -> None:
    async with (
        sandboxes.borrow() as first,
        await aio_pika.connect(first.rabbitmq_url) as connection,
    ):
        channel = await connection.channel()
        for queue in (ROUTING.name, ROUTING.name, ROUTING.parking):
            await publish(channel, queue)
        taken = await (await channel.get_queue(ROUTING.name)).get()

    async with sandboxes.borrow() as second:
        left = [await waiting_in(second.rabbitmq_url, q) for q in (ROUTING.name, ROUTING.parking)]

    assert taken.body == b"{}"
    assert second.rabbitmq_url == first.rabbitmq_url
    assert left == [0, 0]


async def test_queues_of_one_test_are_gone_for_the_next(sandboxes: SandboxPool) -> None:
    async with (
        sandboxes.borrow() as first,
        await aio_pika.connect(first.rabbitmq_url) as connection,
    ):
        await (await connection.channel()).declare_queue("more", durable=True)

    async with (
        sandboxes.borrow() as second,
        await aio_pika.connect(second.rabbitmq_url) as connection,
    ):
        is_there = await exists(connection, "more")

    assert second.rabbitmq_url == first.rabbitmq_url
    assert not is_there


async def test_documents_of_one_test_are_gone_for_the_next(sandboxes: SandboxPool) -> None:
    async with sandboxes.borrow() as first:
        await first.database[agent_store.COLLECTION].insert_one({"user_name": "agent1"})
        await first.database["unheard_of"].insert_one({})

    async with sandboxes.borrow() as second:
        left = await second.database[agent_store.COLLECTION].count_documents({})
        names = await second.database.list_collection_names()

    assert second.database_url == first.database_url
    assert left == 0
    assert "unheard_of" not in names


async def delete_a_queue(sandbox: Sandbox) -> None:
    async with await aio_pika.connect(sandbox.rabbitmq_url) as connection:
        await (await connection.channel()).queue_delete(ROUTING.parking)


async def bind_a_queue(sandbox: Sandbox) -> None:
    async with await aio_pika.connect(sandbox.rabbitmq_url) as connection:
        queue = await (await connection.channel()).get_queue(ROUTING.name)
        await queue.bind(EVENTS, "#")


async def set_a_policy(sandbox: Sandbox) -> None:
    host = urlsplit(sandbox.rabbitmq_url).path
    policy: dict[str, Any] = {"pattern": ".*", "definition": {"max-length": 1}}
    sandbox.broker.call("PUT", f"/api/policies{host}/short", policy)


async def let_a_message_wait(sandbox: Sandbox) -> None:
    async with await aio_pika.connect(sandbox.rabbitmq_url) as connection:
        await publish(await connection.channel(), ROUTING.waiting_rooms[0].name)


async def drop_a_collection(sandbox: Sandbox) -> None:
    await sandbox.database.drop_collection(agent_store.COLLECTION)


async def drop_an_index(sandbox: Sandbox) -> None:
    await sandbox.database[agent_store.COLLECTION].drop_index("login")


@pytest.mark.parametrize(
    "change",
    [
        delete_a_queue,
        bind_a_queue,
        set_a_policy,
        let_a_message_wait,
        drop_a_collection,
        drop_an_index,
    ],
)
async def test_changed_sandbox_is_used_by_no_other_test(
    sandboxes: SandboxPool, change: Callable[[Sandbox], Awaitable[None]]
) -> None:
    async with sandboxes.borrow() as first:
        await change(first)

    async with sandboxes.borrow() as second:
        pass

    assert second.rabbitmq_url != first.rabbitmq_url
    assert second.database_url != first.database_url
