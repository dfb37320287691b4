"""What is in the broker's queues."""

import aio_pika


async def waiting_in(url: str, queue: str) -> int:
    """Return how many messages wait in a queue."""
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel()
        declared = await channel.declare_queue(queue, passive=True)
        return declared.declaration_result.message_count or 0
