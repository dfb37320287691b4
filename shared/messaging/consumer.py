"""Consumes a worker's queue, and stops without losing a message."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any, Final, cast

import structlog
from aio_pika.abc import (
    AbstractIncomingMessage,
    AbstractRobustChannel,
    AbstractRobustConnection,
    AbstractRobustQueue,
)
from aiormq import Channel

from shared.background_tasks import StopDeadline, cancel_and_wait
from shared.contracts.envelope import C, Envelope
from shared.messaging.connection import CONNECTION_FAULTS, connected, in_words
from shared.messaging.declaration import declare_topology
from shared.messaging.publisher import Publisher
from shared.messaging.settlement import Handle, RunningHandlers, Settlement
from shared.messaging.topology import WorkQueue

__all__ = ["Consumer", "declare_topology"]

log = structlog.get_logger()

# Hundreds of processes may wait for one broker that starts.
_PAUSE_SECONDS: Final = 1.0
_CANCELLING_SECONDS: Final = 5.0


class Consumer:
    """The consumer of a work queue. Say who handles its messages before `running`.

    At the end, running handlers have until the `deadline`.

    With `waits_for_broker`, entering `running` takes until the broker delivers. Without it the
    context begins at once, and the consumer starts in the background.
    """

    def __init__(
        self,
        url: str,
        queue: WorkQueue,
        publisher: Publisher,
        *,
        prefetch: int,
        deadline: StopDeadline,
        waits_for_broker: bool = True,
    ) -> None:
        self._url = url
        self._name = queue.name
        self._publisher = publisher
        self._prefetch = prefetch
        self._deadline = deadline
        self._waits_for_broker = waits_for_broker
        self._handle: Handle = _refuse
        self._queue: AbstractRobustQueue | None = None
        self._tag = ""
        self._underlay: Channel | None = None
        self._connection = AsyncExitStack()
        self._starting: set[asyncio.Task[None]] = set()
        self._under_way: set[asyncio.Task[Any]] = set()
        self.handlers = RunningHandlers()
        self._settlement = Settlement(queue, publisher, self.handlers)

    def handle_by(
        self, form: type[Envelope[C]], handler: Callable[[Envelope[C]], Awaitable[None]]
    ) -> None:
        """Have a handler called with each message, which has to be of this form."""

        async def handle(body: bytes) -> None:
            await handler(form.model_validate_json(body))

        self._handle = handle

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Consume inside the context. At its end, cancel the consumer and wait for handlers."""
        starting = asyncio.create_task(self._start())
        self._starting = {starting}
        try:
            if self._waits_for_broker:
                await starting
            yield
        finally:
            await self.take_nothing_new()
            if self._under_way:
                # Other parts of the service may have used some of the time.
                await asyncio.wait(self._under_way, timeout=self._deadline.seconds_left())
            await cancel_and_wait(tuple(self._under_way))
            await self._connection.aclose()

    async def take_nothing_new(self) -> None:
        """Cancel the consumer, while handlers go on; a repetition changes nothing.

        A service with parts that need time to stop does this before they stop. A broker that does
        not answer is left alone after five seconds.
        """
        await cancel_and_wait(self._starting)
        queue, self._queue = self._queue, None
        if queue is not None and not queue.channel.is_closed:
            with suppress(TimeoutError, *CONNECTION_FAULTS):
                async with asyncio.timeout(_CANCELLING_SECONDS):
                    await queue.cancel(self._tag)
            # Let handlers of messages that were already delivered start now.
            await asyncio.sleep(0)

    def is_consuming(self) -> bool:
        """Say whether the broker delivers messages to this consumer now."""
        channel = self._underlay
        return channel is not None and not channel.is_closed and self._tag in channel.consumers

    def problem(self) -> str:
        """Return why the consumer gets no messages; empty where it gets them."""
        return "" if self.is_consuming() else "the broker delivers nothing here"

    async def _start(self) -> None:
        while True:
            await self._publisher.wait_until_declared()
            try:
                connection = await self._connection.enter_async_context(
                    connected(self._url, name=f"{self._name} consumer")
                )
                await self._consume(connection)
            except CONNECTION_FAULTS as error:
                log.warning("does not consume yet", queue=self._name, reason=in_words(error))
                with suppress(*CONNECTION_FAULTS):
                    await self._connection.aclose()
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                return

    async def _consume(self, connection: AbstractRobustConnection) -> None:
        """Consume from now on: aio-pika does so again after each reconnect."""
        channel = await connection.channel(publisher_confirms=False)
        await channel.set_qos(self._prefetch)
        queue = await channel.declare_queue(
            self._name, durable=True, arguments={"x-queue-type": "quorum"}
        )
        self._tag = await queue.consume(self._take)
        self._queue = queue
        await self._watch(channel)

    async def _watch(self, channel: AbstractRobustChannel) -> None:
        # If the queue is deleted, aio-pika declares it again without its bindings. The upkeep then
        # has to restore them, so the cancellation of the consumer is reported to it.
        async def watch(*_: object) -> None:
            underlay = self._underlay = cast("Channel", await channel.get_underlay_channel())
            underlay.on_consumer_cancel_callbacks.add(lambda _: self._publisher.queue_is_lost())

        channel.reopen_callbacks.add(watch)
        await watch()

    async def _take(self, message: AbstractIncomingMessage) -> None:
        # aio-pika calls this in a task of its own for each message.
        if task := asyncio.current_task():
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        await self._settlement.carry_out(self._handle, message)


async def _refuse(_: bytes) -> None:
    raise RuntimeError("nobody handles this queue")
