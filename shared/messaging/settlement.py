"""Settles every delivery: acknowledged once handled, or once a copy is in another queue."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from aio_pika.abc import AbstractIncomingMessage
from prometheus_client import Counter, Histogram

from shared.contracts.outgoing import Outgoing
from shared.domain.errors import Unavailable
from shared.messaging.connection import CONNECTION_FAULTS, in_words
from shared.messaging.publisher import Publisher
from shared.messaging.retries import Delivered, after_failure, describe, parked
from shared.messaging.topology import WorkQueue

log = structlog.get_logger()

# As long as a broker takes to restart. The original stays unacknowledged meanwhile.
_TRIES: Final = 30
_RETRY_SECONDS: Final = 1.0

HANDLED: Final = Counter(
    "mailroom_messages_handled_total",
    "Messages settled, by queue and outcome",
    ["queue", "outcome"],
)
SECONDS: Final = Histogram(
    "mailroom_message_handling_seconds", "Time from delivery to settlement", ["queue"]
)

Handle = Callable[[bytes], Awaitable[None]]


class RunningHandlers:
    """The start time of each running handler, for the liveness probe."""

    def __init__(self) -> None:
        self._began: dict[int, float] = {}

    def begin(self, key: int) -> None:
        """Record the start of a handler."""
        self._began[key] = time.monotonic()

    def end(self, key: int) -> float:
        """Remove a handler that has ended; return its duration in seconds."""
        return time.monotonic() - self._began.pop(key)

    def oldest(self) -> float:
        """Return the age of the oldest running handler in seconds; 0 without any."""
        return time.monotonic() - min(self._began.values(), default=time.monotonic())


class LethalMessageError(Exception):
    """The message was delivered too often without an answer, so it is parked."""


class Settlement:
    """Handles the deliveries of one queue, and acknowledges each.

    The broker confirms the copy for a waiting room or the parking queue before the original is
    acknowledged. A crash between the two repeats the message and never loses it.
    """

    def __init__(self, queue: WorkQueue, publisher: Publisher, running: RunningHandlers) -> None:
        self._queue = queue
        self._publisher = publisher
        self._running = running
        self._seconds = SECONDS.labels(queue.name)

    async def carry_out(self, handle: Handle, message: AbstractIncomingMessage) -> None:
        """Handle and settle a delivery; one that is canceled meanwhile is delivered again.

        The correlation id stays bound to the log of the task that calls this.
        """
        delivered = Delivered(
            message.message_id or "", message.body, message.correlation_id or "", message.headers
        )
        structlog.contextvars.bind_contextvars(correlation_id=delivered.correlation_id)
        error = await self._handle(handle, delivered)
        outcome = await self._settle(message, delivered, error)
        HANDLED.labels(self._queue.name, outcome).inc()

    async def _handle(self, handle: Handle, delivered: Delivered) -> Exception | None:
        """Handle a message; return what went wrong."""
        key = id(delivered)
        self._running.begin(key)
        try:
            if delivered.is_lethal:
                return LethalMessageError(
                    "its consumers ended before they answered, again and again"
                )
            await handle(delivered.body)
        except Exception as error:  # noqa: BLE001 - whatever it is, a copy has to go elsewhere
            return error
        else:
            return None
        finally:
            self._seconds.observe(self._running.end(key))

    async def _settle(
        self, message: AbstractIncomingMessage, delivered: Delivered, error: Exception | None
    ) -> str:
        """Acknowledge a delivery, or return it; say which of the outcomes it has."""
        outcome = "done"
        try:
            if error is not None:
                await self._publish_copy(delivered, error)
                outcome = "waiting" if isinstance(error, Unavailable) else "parked"
        except Unavailable as unavailable:
            log.warning("message goes back to the queue", reason=str(unavailable))
            outcome = "returned"
        try:
            await (message.nack(requeue=True) if outcome == "returned" else message.ack())
        except CONNECTION_FAULTS as fault:
            log.warning("not acknowledged: the broker delivers it again", reason=in_words(fault))
            outcome = "returned"
        return outcome

    async def _publish_copy(self, delivered: Delivered, error: Exception) -> None:
        copy = (
            parked(delivered, describe(error), self._queue)
            if isinstance(error, LethalMessageError)
            else after_failure(delivered, error, self._queue)
        )
        report = log.warning if isinstance(error, Unavailable) else log.error
        report(
            "message not handled",
            queue=self._queue.name,
            message_id=delivered.id,
            attempt=delivered.attempt,
            goes_to=copy.routing_key,
            reason=describe(error),
            exc_info=None if isinstance(error, Unavailable) else error,
        )
        await self._publish_patiently(copy)

    async def _publish_patiently(self, copy: Outgoing) -> None:
        """Publish with retries.

        Returning the original at once would use up its deliveries, which are limited.
        """
        for _ in range(_TRIES):
            try:
                await self._publisher.publish(copy)
            except Unavailable as error:
                log.warning("copy is published soon", reason=str(error))
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                return
        await self._publisher.publish(copy)
