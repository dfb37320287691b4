"""Consumes a worker's queue, and stops without losing a message."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Final, cast

import structlog
from aio_pika.abc import AbstractRobustChannel
from aiormq import Channel
from faststream import AckPolicy
from faststream.rabbit import Channel as ConsumingChannel
from faststream.rabbit import QueueType, RabbitBroker, RabbitQueue

from shared.background_tasks import StopDeadline, cancel_and_wait
from shared.messaging.connection import (
    CONNECTION_FAULTS,
    HANDSHAKE_SECONDS,
    PAUSE_SECONDS,
    in_words,
)
from shared.messaging.publisher import Publisher
from shared.messaging.settlement import RunningHandlers, Settlement
from shared.messaging.topology import WorkQueue

log = structlog.get_logger()

_CANCELLING_SECONDS: Final = 5.0


class Consumer:
    """The consumer of a work queue. Register handlers with `subscriber` before `running`.

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
        self._name = queue.name
        self._publisher = publisher
        self._deadline = deadline
        self._waits_for_broker = waits_for_broker
        self._underlay: Channel | None = None
        self._starting: set[asyncio.Task[None]] = set()
        self.handlers = RunningHandlers()
        self.broker = RabbitBroker(
            url,
            # The first connection attempt fails at once; `_start` repeats it and logs the reason.
            fail_fast=True,
            timeout=HANDSHAKE_SECONDS,
            reconnect_interval=1,
            default_channel=ConsumingChannel(prefetch_count=prefetch),
            middlewares=[
                partial(Settlement, queue=queue, publisher=publisher, running=self.handlers)
            ],
            logger=None,
        )
        self.subscriber = self.broker.subscriber(
            RabbitQueue(queue.name, durable=True, queue_type=QueueType.QUORUM),
            ack_policy=AckPolicy.MANUAL,
        )

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
            await self.stop_consuming()
            # Other parts of the service may have used some of the time.
            self.broker.config.broker_config.graceful_timeout = self._deadline.seconds_left()
            await self.broker.stop()

    async def stop_consuming(self) -> None:
        """Cancel the consumer, while handlers go on; a repetition changes nothing.

        A service with parts that need time to stop does this before they stop. A broker that does
        not answer is left alone after five seconds.
        """
        # FastStream waits for running handlers before it cancels the consumer. A message that is
        # delivered in between would be dropped and would count as a failed delivery.
        await cancel_and_wait(self._starting)
        queue, tag = self.subscriber._queue_obj, self.subscriber._consumer_tag  # noqa: SLF001
        if queue is not None and tag is not None and not queue.channel.is_closed:
            self.subscriber._consumer_tag = None  # noqa: SLF001 - so that it is not cancelled twice
            with suppress(TimeoutError, *CONNECTION_FAULTS):
                async with asyncio.timeout(_CANCELLING_SECONDS):
                    await queue.cancel(tag)
            # Let handlers of messages that were already delivered start now.
            await asyncio.sleep(0)

    def is_consuming(self) -> bool:
        """Say whether the broker delivers messages to this consumer now."""
        tag = self.subscriber._consumer_tag  # noqa: SLF001 - FastStream offers no other way to know
        channel = self._underlay
        return channel is not None and not channel.is_closed and tag in channel.consumers

    def problem(self) -> str:
        """Return why the consumer gets no messages; empty where it gets them."""
        return "" if self.is_consuming() else "the broker delivers nothing here"

    async def _start(self) -> None:
        while True:
            await self._publisher.wait_until_declared()
            try:
                await self.broker.start()
                await self._watch()
            except CONNECTION_FAULTS as error:
                log.warning("does not consume yet", queue=self._name, reason=in_words(error))
                with suppress(*CONNECTION_FAULTS, ExceptionGroup):
                    await self.broker.stop()
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                return

    async def _watch(self) -> None:
        # If the queue is deleted, aio-pika declares it again without its bindings. The upkeep then
        # has to restore them, so the cancellation of the consumer is reported to it.
        queue = self.subscriber._queue_obj  # noqa: SLF001 - as above
        if queue is None:
            return
        channel = cast("AbstractRobustChannel", queue.channel)

        async def watch(*_: object) -> None:
            underlay = self._underlay = cast("Channel", await channel.get_underlay_channel())
            underlay.on_consumer_cancel_callbacks.add(lambda _: self._publisher.queue_is_lost())

        channel.reopen_callbacks.add(watch)
        await watch()
