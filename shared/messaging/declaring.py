"""Makes the topology real: every exchange, queue and binding that the broker does not have yet."""

import aio_pika
from aio_pika.abc import AbstractChannel

from shared.messaging.topology import EXCHANGES, WORK_QUEUES, WorkQueue


async def declare_topology(url: str) -> None:
    """Make every exchange, queue, waiting room, parking queue and binding that is missing."""
    connection = await aio_pika.connect_robust(url, fail_fast=False, reconnect_interval=1)
    async with connection:
        channel = await connection.channel()
        for name, kind in EXCHANGES.items():
            await channel.declare_exchange(name, kind, durable=True)
        for queue in WORK_QUEUES:
            await _declare(channel, queue)


async def _declare(channel: AbstractChannel, queue: WorkQueue) -> None:
    declared = await channel.declare_queue(queue.name, durable=True, arguments=queue.arguments)
    for binding in queue.bindings:
        await declared.bind(binding.exchange, binding.pattern)
    await channel.declare_queue(queue.parking, durable=True, arguments={"x-queue-type": "quorum"})
    for room in queue.waiting_rooms:
        await channel.declare_queue(room.name, durable=True, arguments=room.arguments)
