"""Receives the journal: this pod's own queue, bound to the agents who have clients here."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager

import aio_pika
import structlog
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue

from services.gateway.notifications.bindings import Bindings, OnGap
from services.gateway.notifications.consumer_loop import (
    consuming,
    end_of_consumer,
)
from shared.background_tasks import cancel_and_wait
from shared.contracts.envelope import JOURNALED

log = structlog.get_logger()

OnMessage = Callable[[AbstractIncomingMessage], Awaitable[None]]


class EventConsumer:
    """Receives the journaled events of the watched agents, over a connection of its own.

    The queue is exclusive and ends with the connection or the channel. Events that come before
    there is a new one are not in it: `on_gap` is called with their agents once they are bound
    again, and with every agent whose binding took too long.
    """

    def __init__(self, url: str, on_message: OnMessage, on_gap: OnGap) -> None:
        self._url = url
        self._on_message = on_message
        self._bindings = Bindings(on_gap)
        self._is_connected = False

    def is_connected(self) -> bool:
        """Return whether events arrive here now."""
        return self._is_connected

    def watch(self, agent_id: str) -> None:
        """Start receiving the events of an agent soon."""
        self._bindings.want(agent_id)

    def unwatch(self, agent_id: str) -> None:
        """Stop receiving the events of an agent soon."""
        self._bindings.drop(agent_id)

    async def wait_until_applied(self, agent_id: str) -> bool:
        """Wait a few seconds; return whether the last `watch` or `unwatch` is in force.

        After False, `on_gap` is called as soon as the agent's events arrive.
        """
        return await self._bindings.wait_until_applied(agent_id)

    def receiving(self) -> AbstractAsyncContextManager[None]:
        """Receive for as long as the context lasts, and reconnect whenever that ends."""
        return consuming(self._receive_once)

    async def _receive_once(self) -> None:
        connection = await aio_pika.connect(
            self._url, client_properties={"connection_name": "gateway events"}, timeout=10
        )
        async with connection:
            channel = await connection.channel(publisher_confirms=False)
            ended = await end_of_consumer(connection, channel)
            consuming = asyncio.create_task(self._consume(channel))
            try:
                done, _ = await asyncio.wait(
                    {ended, consuming}, return_when=asyncio.FIRST_COMPLETED
                )
                for one in done:
                    one.result()
            finally:
                self._is_connected = False
                self._bindings.detach()
                await cancel_and_wait({consuming})

    async def _consume(self, channel: AbstractChannel) -> None:
        queue = await channel.declare_queue(exclusive=True, auto_delete=True)
        # Unacknowledged: events that are lost with the connection are read from the journal.
        await queue.consume(self._on_message, no_ack=True)
        await self._bindings.attach(_BindableQueue(queue))
        self._is_connected = True
        log.info("events arrive")
        await self._bindings.apply_changes()


class _BindableQueue:
    """The pod's queue at the broker.

    The broker handles the requests of one channel in order, and an error closes the channel. So
    only the last of many bindings waits for its answer: it confirms all before it.
    """

    def __init__(self, queue: AbstractQueue) -> None:
        self._queue = queue

    async def bind(self, agent_ids: Sequence[str]) -> None:
        channel = await self._queue.channel.get_underlay_channel()
        for agent_id in agent_ids[:-1]:
            await channel.queue_bind(self._queue.name, JOURNALED, agent_id, nowait=True)
        await channel.queue_bind(self._queue.name, JOURNALED, agent_ids[-1])

    async def unbind(self, agent_id: str) -> None:
        await self._queue.unbind(JOURNALED, agent_id)
