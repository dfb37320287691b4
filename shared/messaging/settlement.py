"""Settles every delivery: acknowledged when handled, otherwise copied onwards first."""

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
    """When each running handler began, for the liveness probe."""

    def __init__(self) -> None:
        self._began: dict[int, float] = {}

    def begin(self, key: int) -> None:
        """Note that a handler begins."""
        self._began[key] = time.monotonic()

    def end(self, key: int) -> float:
        """Note that a handler has ended; return how many seconds it took."""
        return time.monotonic() - self._began.pop(key)

    def oldest(self) -> float:
        """Return for how many seconds the oldest handler has been running; 0 without any."""
        return time.monotonic() - min(self._began.values(), default=time.monotonic())


class LethalMessageError(Exception):
    """A message whose consumers ended too often to try it once more."""


class Settlement(BaseMiddleware[Any, Any]):
    """One delivery from arrival to acknowledgement.

    The copy for a waiting room or the parking queue is confirmed by the broker before the
    original is acknowledged: a crash between the two repeats the message and never loses it.
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
        """Begin; refuse a message that has ended its consumers before."""
        self._running.begin(id(self))

    async def consume_scope(self, call_next: Callable[[Any], Any], msg: Any) -> Any:
        """Handle the message, unless it is lethal."""
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
        """Settle. A cancelled handler is not settled: the broker delivers the message again."""
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
                await self._pass_on(error)
            await self._original.ack()
        except Unavailable as unavailable:
            log.warning("message goes back to the queue", reason=str(unavailable))
            await self._original.nack(requeue=True)
            return "returned"
        if error is None:
            return "done"
        return "waiting" if isinstance(error, Unavailable) else "parked"

    async def _pass_on(self, error: BaseException) -> None:
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
        """Try for a while: a message that goes back is delivered again at once, and that counts."""
        for _ in range(_TRIES):
            try:
                await self._publisher.publish(copy)
            except Unavailable as error:
                log.warning("copy is published soon", reason=str(error))
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                return
        await self._publisher.publish(copy)
