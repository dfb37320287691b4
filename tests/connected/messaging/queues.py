"""The messages in the broker's queues, and a queue for messages to others."""

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractQueue

from shared.messaging.topology import WORK_QUEUES


async def waiting_in(url: str, queue: str) -> int:
    """Return how many messages wait in a queue."""
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel()
        declared = await channel.declare_queue(queue, passive=True)
        return declared.declaration_result.message_count or 0


async def commands_to_all(channel: AbstractChannel) -> AbstractQueue:
    """Return a queue of the test's own that gets every command to any service."""
    queue = await channel.declare_queue(exclusive=True)
    for service in WORK_QUEUES:
        if service.commands in service.exchanges:
            await channel.declare_exchange(service.commands, "topic", durable=True)
            await queue.bind(service.commands, "#")
    return queue


async def consumers_of(url: str, queue: str) -> int:
    """Return how many consumers a queue has."""
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel()
        declared = await channel.declare_queue(queue, passive=True)
        return declared.declaration_result.consumer_count or 0
