"""This pod's share of the journal: a queue of its own, bound to the agents who listen here."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager

import aio_pika
import structlog
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue

from services.gateway.notifications.bindings import Bindings, OnGap
from services.gateway.notifications.consumer_loop import consuming_again, end_of_consumer
from shared.background_tasks import cancel_and_wait
from shared.contracts.envelope import JOURNALED

log = structlog.get_logger()

OnMessage = Callable[[AbstractIncomingMessage], Awaitable[None]]


class EventConsumer:
    """Receives what is journaled of the agents it is told to watch, over a connection of its own.

    The queue is exclusive and goes with the connection or the channel: what happens until there is
    another is not in it. `on_gap` is told for which agents something may be missing, once their
    bindings are in place again, or at last.
    """

    def __init__(self, url: str, on_message: OnMessage, on_gap: OnGap) -> None:
        self._url = url
        self._on_message = on_message
        self._bindings = Bindings(on_gap)
        self._is_hearing = False

    def is_connected(self) -> bool:
        """Say whether events arrive here now."""
        return self._is_hearing

    def watch(self, agent_id: str) -> None:
        """Receive the events of an agent from soon on."""
        self._bindings.want(agent_id)

    def unwatch(self, agent_id: str) -> None:
        """Receive them no longer."""
        self._bindings.drop(agent_id)

    async def settled(self, agent_id: str) -> bool:
        """Wait a few seconds, and say whether what was asked for an agent last is in force.

        Whoever is told no hears of it with `on_gap` when an agent is received at last.
        """
        return await self._bindings.settled(agent_id)

    def receiving(self) -> AbstractAsyncContextManager[None]:
        """Receive for as long as the context lasts, and reconnect however often it takes."""
        return consuming_again(self._receive_once)

    async def _receive_once(self) -> None:
        connection = await aio_pika.connect(
            self._url, client_properties={"connection_name": "gateway events"}, timeout=10
        )
        async with connection:
            channel = await connection.channel(publisher_confirms=False)
            ended = await end_of_consumer(connection, channel)
            listening = asyncio.create_task(self._hear(channel))
            try:
                done, _ = await asyncio.wait(
                    {ended, listening}, return_when=asyncio.FIRST_COMPLETED
                )
                for one in done:
                    one.result()
            finally:
                self._is_hearing = False
                self._bindings.lose()
                await cancel_and_wait({listening})

    async def _hear(self, channel: AbstractChannel) -> None:
        queue = await channel.declare_queue(exclusive=True, auto_delete=True)
        # Unacknowledged: what is lost with the connection is read from the journal.
        await queue.consume(self._on_message, no_ack=True)
        await self._bindings.begin(_Bound(queue))
        self._is_hearing = True
        log.info("events arrive")
        await self._bindings.keep_up()


class _Bound:
    """The queue, as far as it is bound.

    The broker does in order what comes over one channel, and an error ends the channel: the answer
    to the last of many is the answer to all.
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
