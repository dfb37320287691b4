"""Moves what is parked from the broker into the database."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Final

import aio_pika
import structlog
from aio_pika.abc import AbstractIncomingMessage

from shared.messaging.parking import attempts_of, parked_at, reason_of
from shared.messaging.topology import WorkQueue
from shared.storage.parked import ParkedMessage, ParkedStore

log = structlog.get_logger()

_AT_ONCE: Final = 10
_PAUSE_SECONDS: Final = 5.0


@asynccontextmanager
async def keeping_parked(
    url: str, queues: Sequence[WorkQueue], store: ParkedStore, *, name: str
) -> AsyncIterator[None]:
    """Keep in the database what these queues park, for as long as the context lasts."""
    async with AsyncExitStack() as stack:
        connection = await aio_pika.connect_robust(
            url,
            client_properties={"connection_name": f"{name} parked"},
            fail_fast=False,
            reconnect_interval=1,
        )
        await stack.enter_async_context(connection)
        channel = await connection.channel(publisher_confirms=False)
        await channel.set_qos(_AT_ONCE)
        for queue in queues:
            parking = await channel.declare_queue(
                queue.parking, durable=True, arguments={"x-queue-type": "quorum"}
            )
            await parking.consume(partial(_keep, store, queue))
        yield


async def _keep(store: ParkedStore, queue: WorkQueue, message: AbstractIncomingMessage) -> None:
    try:
        await store.put(to_parked(queue, message))
    except Exception as error:  # noqa: BLE001 - whatever it is, the broker has the message still
        log.warning("parked message stays in the broker", queue=queue.name, reason=repr(error))
        await asyncio.sleep(_PAUSE_SECONDS)
        await message.nack(requeue=True)
    else:
        await message.ack()


def to_parked(queue: WorkQueue, message: AbstractIncomingMessage) -> ParkedMessage:
    """Return a parked message as it is kept."""
    return ParkedMessage(
        queue=queue.name,
        message_id=message.message_id or "",
        body=message.body,
        correlation_id=message.correlation_id or "",
        reason=reason_of(message),
        attempts=attempts_of(message),
        parked_at=parked_at(message),
    )
