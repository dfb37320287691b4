"""Settles every delivery: acknowledged once handled, or once a copy is in another queue."""

import asyncio
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final

import structlog
from aio_pika.abc import AbstractIncomingMessage
from faststream import BaseMiddleware, ContextRepo
from prometheus_client import Counter, Histogram

from shared.contracts.outgoing import Outgoing
from shared.domain.errors import Unavailable
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


class Settlement(BaseMiddleware[Any, Any]):
    """A middleware that acknowledges one delivery.

    The broker confirms the copy for a waiting room or the parking queue before the original is
    acknowledged. A crash between the two repeats the message and never loses it.
    """

    def __init__(
        self,
        msg: AbstractIncomingMessage,
        /,
        *,
        context: ContextRepo,
        queue: WorkQueue,
        publisher: Publisher,
        running: RunningHandlers,
    ) -> None:
        super().__init__(msg, context=context)
        self._original = msg
        self._queue = queue
        self._publisher = publisher
        self._running = running
        self._delivered = Delivered(
            msg.message_id or "", msg.body, msg.correlation_id or "", msg.headers
        )

    async def on_receive(self) -> None:
        """Record the start of the handler."""
        self._running.begin(id(self))

    async def consume_scope(self, call_next: Callable[[Any], Any], msg: Any) -> Any:
        """Handle the message, or raise `LethalMessageError`, after which it is parked."""
        if self._delivered.is_lethal:
            raise LethalMessageError("its consumers ended before they answered, again and again")
        with structlog.contextvars.bound_contextvars(correlation_id=self._delivered.correlation_id):
            return await call_next(msg)

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_val: BaseException | None = None,
        exc_tb: TracebackType | None = None,
    ) -> bool:
        """Settle the delivery, unless the handler was cancelled: then it is delivered again."""
        seconds = self._running.end(id(self))
        SECONDS.labels(self._queue.name).observe(seconds)
        if isinstance(exc_val, asyncio.CancelledError):
            return False
        outcome = await self._settle(exc_val)
        HANDLED.labels(self._queue.name, outcome).inc()
        return True

    async def _settle(self, error: BaseException | None) -> str:
        try:
            if error is not None:
                await self._publish_copy(error)
            await self._original.ack()
        except Unavailable as unavailable:
            log.warning("message goes back to the queue", reason=str(unavailable))
            await self._original.nack(requeue=True)
            return "returned"
        if error is None:
            return "done"
        return "waiting" if isinstance(error, Unavailable) else "parked"

    async def _publish_copy(self, error: BaseException) -> None:
        copy = (
            parked(self._delivered, describe(error), self._queue)
            if isinstance(error, LethalMessageError)
            else after_failure(self._delivered, error, self._queue)
        )
        report = log.warning if isinstance(error, Unavailable) else log.error
        report(
            "message not handled",
            queue=self._queue.name,
            message_id=self._delivered.id,
            attempt=self._delivered.attempt,
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
