"""Makes the topology real: every exchange, queue and binding that the broker does not have yet."""

import asyncio
from collections.abc import Sequence
from typing import Final

import aio_pika
import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import ChannelNotFoundEntity
from aiormq.exceptions import ChannelAccessRefused

from shared.domain.errors import Unavailable
from shared.messaging.topology import EXCHANGES, WORK_QUEUES, WorkQueue

log = structlog.get_logger()

_RETRY_SECONDS: Final = 1.0


class ExchangeMissingError(Unavailable):
    """The broker lacks an exchange, and this user may not make one."""


async def declare_topology(url: str) -> None:
    """Make every exchange, queue, waiting room, parking queue and binding that is missing."""
    connection = await aio_pika.connect_robust(url, fail_fast=False, reconnect_interval=1)
    async with connection:
        await declare(connection, WORK_QUEUES)


async def declare_patiently(url: str, queues: Sequence[WorkQueue]) -> None:
    """Make what one service needs, waiting for as long as the broker is away or not set up."""
    connection = await aio_pika.connect_robust(url, fail_fast=False, reconnect_interval=1)
    async with connection:
        while True:
            try:
                await declare(connection, queues)
            except ExchangeMissingError as error:
                log.warning("broker is not set up yet", reason=str(error))
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                return


async def declare(connection: AbstractConnection, queues: Sequence[WorkQueue]) -> None:
    """Make the exchanges of all, and these queues with everything beside them.

    Raises:
        ExchangeMissingError: An exchange is missing that this user may not make.
    """
    for name, kind in EXCHANGES.items():
        await _make_sure_of(connection, name, kind)
    channel = await connection.channel()
    for queue in queues:
        await _declare(channel, queue)
    await channel.close()


async def _make_sure_of(connection: AbstractConnection, exchange: str, kind: str) -> None:
    """Look first: whoever may not make exchanges may still see that they are there."""
    channel = await connection.channel()
    try:
        await channel.declare_exchange(exchange, passive=True)
    except ChannelNotFoundEntity:
        await _make(connection, exchange, kind)
    else:
        await channel.close()


async def _make(connection: AbstractConnection, exchange: str, kind: str) -> None:
    channel = await connection.channel()
    try:
        await channel.declare_exchange(exchange, kind, durable=True)
    except ChannelAccessRefused:
        raise ExchangeMissingError(
            f"the broker has no exchange {exchange}, and this user may not make it: have the "
            "broker load the file that `mailroom definitions` prints, or run `mailroom apply FILE`"
        ) from None
    await channel.close()


async def _declare(channel: AbstractChannel, queue: WorkQueue) -> None:
    """Make a queue and what is beside it.

    The parking queue comes last: where it is, everything else is.
    """
    for exchange, kind in queue.exchanges.items():
        await channel.declare_exchange(exchange, kind, durable=True)
    work = await channel.declare_queue(queue.name, durable=True, arguments=queue.arguments)
    await work.bind(queue.retries, queue.name)
    for binding in queue.bindings:
        await work.bind(binding.exchange, binding.pattern)
    for room in queue.waiting_rooms:
        waiting = await channel.declare_queue(room.name, durable=True, arguments=room.arguments)
        await waiting.bind(queue.retries, room.name)
    parking = await channel.declare_queue(
        queue.parking, durable=True, arguments={"x-queue-type": "quorum"}
    )
    await parking.bind(queue.retries, queue.parking)
