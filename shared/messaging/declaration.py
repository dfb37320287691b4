"""Declares the topology: every exchange, queue and binding that the broker lacks."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import aio_pika
from aio_pika.abc import AbstractConnection
from aiormq.abc import AbstractChannel
from aiormq.exceptions import ChannelAccessRefused, ChannelNotFoundEntity
from pamqp.common import Arguments

from shared.domain.errors import Unavailable
from shared.messaging.topology import EXCHANGES, WORK_QUEUES, WorkQueue


class TopologyError(Unavailable):
    """An exchange or a queue is missing that this service may not declare."""


async def declare_topology(url: str) -> None:
    """Declare every exchange, queue, waiting room, parking queue and binding."""
    connection = await aio_pika.connect_robust(url, fail_fast=False, reconnect_interval=1)
    async with connection:
        await declare(connection, WORK_QUEUES)


async def declare(connection: AbstractConnection, queues: Sequence[WorkQueue]) -> None:
    """Declare the common exchanges, and these queues with their waiting rooms and parking queue.

    Raises:
        TopologyError: An exchange is missing that this user may not declare.
    """
    for name, kind in EXCHANGES.items():
        await _declare_if_missing(connection, name, kind)
    async with passing_channel(connection) as channel:
        for queue in queues:
            await _declare(channel, queue)


async def require(connection: AbstractConnection, queue: WorkQueue) -> None:
    """Check that another service's queue exists with all its bindings.

    Its parking queue stands for all of them, because it is declared last.

    Raises:
        TopologyError: It does not exist.
    """
    if not await exists(connection, queue.parking):
        raise TopologyError(
            f"the broker has no queue {queue.name}: start the {queue.keeper} service, or run "
            "`mailroom apply FILE`"
        )


async def exists(connection: AbstractConnection, queue: str) -> bool:
    """Say whether a queue exists. A passive declaration needs no right."""
    try:
        async with passing_channel(connection) as channel:
            await channel.queue_declare(queue, passive=True)
    except ChannelNotFoundEntity:
        return False
    return True


@asynccontextmanager
async def passing_channel(connection: AbstractConnection) -> AsyncIterator[AbstractChannel]:
    """Yield a plain channel: a robust one would repeat its declarations at each reconnect."""
    transport = connection.transport
    if transport is None or transport.connection.is_closed:
        raise ConnectionError("the broker is away")
    channel = await transport.connection.channel(publisher_confirms=False)
    try:
        yield channel
    finally:
        if not channel.is_closed:
            await channel.close()


async def _declare_if_missing(connection: AbstractConnection, exchange: str, kind: str) -> None:
    """Declare an exchange if it is missing; a user without the right can still see it."""
    try:
        async with passing_channel(connection) as channel:
            await channel.exchange_declare(exchange, passive=True)
    except ChannelNotFoundEntity:
        await _make(connection, exchange, kind)


async def _make(connection: AbstractConnection, exchange: str, kind: str) -> None:
    try:
        async with passing_channel(connection) as channel:
            await channel.exchange_declare(exchange, exchange_type=kind, durable=True)
    except ChannelAccessRefused:
        raise TopologyError(
            f"the broker has no exchange {exchange}, and this user may not make it: have the "
            "broker load the file that `mailroom definitions` prints, or run `mailroom apply FILE`"
        ) from None


async def _declare(channel: AbstractChannel, queue: WorkQueue) -> None:
    """Declare a queue, its bindings, waiting rooms and parking queue.

    The parking queue comes last, so that its existence proves that of all the others.
    """
    for exchange, kind in queue.exchanges.items():
        await channel.exchange_declare(exchange, exchange_type=kind, durable=True)
    await _declare_beside(channel, queue, queue.name, queue.arguments)
    for binding in queue.bindings:
        await channel.queue_bind(queue.name, binding.exchange, binding.pattern)
    for room in queue.waiting_rooms:
        await _declare_beside(channel, queue, room.name, room.arguments)
    await _declare_beside(channel, queue, queue.parking, {"x-queue-type": "quorum"})


async def _declare_beside(
    channel: AbstractChannel, queue: WorkQueue, name: str, arguments: Arguments
) -> None:
    await channel.queue_declare(name, durable=True, arguments=arguments)
    await channel.queue_bind(name, queue.retries, name)
