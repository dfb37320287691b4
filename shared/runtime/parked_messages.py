"""Moves parked messages from the broker into the database."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Final, NoReturn

import structlog
from aio_pika.abc import AbstractIncomingMessage, AbstractRobustConnection

from shared.background_tasks import cancel_and_wait
from shared.messaging.connection import CONNECTION_FAULTS, connected, in_words
from shared.messaging.parking import attempts_of, parked_at, reason_of
from shared.messaging.publisher import Publisher
from shared.messaging.topology import WorkQueue
from shared.storage.parked_messages import ParkedMessage, ParkedStore

log = structlog.get_logger()

# Parked messages are few, and none of them is urgent.
_AT_ONCE: Final = 10
_PAUSE_SECONDS: Final = 5.0


@asynccontextmanager
async def storing_parked_messages(
    url: str, queues: Sequence[WorkQueue], store: ParkedStore, publisher: Publisher, *, name: str
) -> AsyncIterator[None]:
    """Store parked messages of these queues in the database while the context lasts.

    It begins once `publisher` has declared its part of the topology.
    """
    task = asyncio.create_task(_keep_all(url, queues, store, publisher, name))
    try:
        yield
    finally:
        await cancel_and_wait({task})


async def _keep_all(
    url: str, queues: Sequence[WorkQueue], store: ParkedStore, publisher: Publisher, name: str
) -> NoReturn:
    while True:
        # The parking queue proves that the topology is complete, so it must not be declared first.
        await publisher.wait_until_declared()
        try:
            async with connected(url, name=f"{name} parked") as connection:
                await _consume(connection, queues, store)
                # From here on aio-pika consumes again after each reconnect.
                await asyncio.Event().wait()
        except CONNECTION_FAULTS as error:
            log.warning("parked messages stay in the broker", reason=in_words(error))
            await asyncio.sleep(_PAUSE_SECONDS)


async def _consume(
    connection: AbstractRobustConnection, queues: Sequence[WorkQueue], store: ParkedStore
) -> None:
    channel = await connection.channel(publisher_confirms=False)
    await channel.set_qos(_AT_ONCE)
    for queue in queues:
        parking = await channel.declare_queue(
            queue.parking, durable=True, arguments={"x-queue-type": "quorum"}
        )
        await parking.consume(partial(_keep, store, queue))


async def _keep(store: ParkedStore, queue: WorkQueue, message: AbstractIncomingMessage) -> None:
    try:
        await store.put(to_parked(queue, message))
    except Exception as error:  # noqa: BLE001 - the broker still has the message
        log.warning("parked message stays in the broker", queue=queue.name, reason=repr(error))
        await asyncio.sleep(_PAUSE_SECONDS)
        await message.nack(requeue=True)
    else:
        await message.ack()


def to_parked(queue: WorkQueue, message: AbstractIncomingMessage) -> ParkedMessage:
    """Return the parked message to store."""
    return ParkedMessage(
        queue=queue.name,
        message_id=message.message_id or "",
        body=message.body,
        correlation_id=message.correlation_id or "",
        reason=reason_of(message),
        attempts=attempts_of(message),
        parked_at=parked_at(message),
    )
