"""Publishes the outboxes of documents, and removes messages that the broker has confirmed."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Final, Protocol

import structlog

from shared.background_tasks import run_periodically
from shared.contracts.outgoing import Outgoing
from shared.domain.clock import Clock
from shared.domain.errors import Unavailable
from shared.faults import crash_point
from shared.messaging.publisher import Publisher

log = structlog.get_logger()

# A process that lives has published its own messages by then.
_PATIENCE: Final = timedelta(seconds=5)
# A message of a process that died is late by this and `_PATIENCE` at most.
_SWEEP_INTERVAL: Final = timedelta(seconds=2)
# Each one is a task in memory; the sweep publishes the others.
_MOST_SOON: Final = 1_000
# Many documents then share one write. A crash meanwhile publishes their messages twice.
_REMOVALS_GATHER_FOR: Final = timedelta(milliseconds=200)


class Outbox(Protocol):
    """A collection whose documents keep their unpublished messages."""

    def unpublished(self, before: datetime) -> AsyncIterator[tuple[str, Sequence[Outgoing]]]:
        """Yield each document's id with its messages, if one is older than `before`."""
        ...

    async def postpone(self, published: Sequence[tuple[str, Sequence[str]]]) -> None:
        """Keep published messages in the outbox, but hide them from the sweep for a while."""
        ...

    async def remove(self, published: Sequence[tuple[str, Sequence[str]]]) -> None:
        """Remove messages, given as pairs of the document's id and the messages' ids."""
        ...


MayPublish = Callable[[Outgoing], bool]


def _everything(_: Outgoing) -> bool:
    return True


class OutboxPublisher:
    """Publishes the messages of one outbox: after a crash twice, but never not at all.

    It leaves messages that it may not publish to the service that may. With `until_handled` a
    published message stays in the outbox, and the sweep skips it for an hour; its handler removes
    it with `remove_soon`.
    """

    def __init__(
        self,
        publisher: Publisher,
        outbox: Outbox,
        may_publish: MayPublish = _everything,
        *,
        until_handled: bool = False,
    ) -> None:
        self._publisher = publisher
        self._outbox = outbox
        self._may_publish = may_publish
        self._until_handled = until_handled
        self._postponed: list[tuple[str, Sequence[str]]] = []
        self._published: list[tuple[str, Sequence[str]]] = []
        self._soon: set[asyncio.Task[None]] = set()
        self._wakeup = asyncio.Event()

    async def announce(self, document_id: str, owed: Sequence[Outgoing]) -> None:
        """Publish a document's messages; if the broker does not answer, the sweep does it later."""
        await self._publish(document_id, owed)

    async def _publish(self, document_id: str, owed: Sequence[Outgoing]) -> bool:
        crash_point("announcer.before_publish")
        ours = self._ours(owed)
        try:
            await self._publisher.publish_all(ours)
        except Unavailable as error:
            log.warning("announcement is still owed", document_id=document_id, reason=str(error))
            return False
        crash_point("announcer.after_publish")
        if self._until_handled and ours:
            self._postponed.append((document_id, [message.id for message in ours]))
            self._wakeup.set()
        else:
            self.remove_soon(document_id, [message.id for message in ours])
        return True

    def remove_soon(self, document_id: str, message_ids: Sequence[str]) -> None:
        """Remove messages from the outbox with the next write: published or no longer needed."""
        if message_ids:
            self._published.append((document_id, message_ids))
            self._wakeup.set()

    async def announce_soon(self, document_id: str, owed: Sequence[Outgoing]) -> None:
        """Publish in the background, or leave it to the sweep if 1,000 documents wait already."""
        if len(self._soon) < _MOST_SOON:
            task = asyncio.create_task(self.announce(document_id, owed))
            self._soon.add(task)
            task.add_done_callback(self._soon.discard)

    async def finish(self) -> None:
        """Wait for the background tasks, then remove what they published."""
        await asyncio.gather(*self._soon, return_exceptions=True)
        await self.remove_published()

    async def sweep(self, before: datetime) -> int:
        """Publish messages older than `before`; return the number of their documents.

        The sweep ends where the broker turns out to be away.
        """
        count = 0
        async for document_id, messages in self._outbox.unpublished(before):
            if ours := self._ours(messages):
                count += 1
                if not await self._publish(document_id, ours) and not self._publisher.is_open():
                    break
        return count

    def _ours(self, messages: Sequence[Outgoing]) -> list[Outgoing]:
        return [message for message in messages if self._may_publish(message)]

    async def remove_published(self) -> None:
        """Remove everything published so far from the outboxes, in one write."""
        self._wakeup.clear()
        published, self._published = self._published, []
        postponed, self._postponed = self._postponed, []
        if postponed:
            await self._outbox.postpone(postponed)
        if published:
            await self._outbox.remove(published)

    async def remove_when_published(self) -> None:
        """Wait until something is published, then remove it, for many documents in one write.

        A message that is not removed before a crash is published twice.
        """
        await self._wakeup.wait()
        await asyncio.sleep(_REMOVALS_GATHER_FOR.total_seconds())
        await self.remove_published()

    async def sweep_forgotten(self, now: datetime) -> None:
        """Publish messages older than five seconds: the process that wrote them has failed."""
        if count := await self.sweep(now - _PATIENCE):
            log.info("owed announcements published", documents=count)


@asynccontextmanager
async def running_outbox_publisher(
    publisher: Publisher,
    outbox: Outbox,
    clock: Clock,
    may_publish: MayPublish = _everything,
    *,
    until_handled: bool = False,
) -> AsyncIterator[OutboxPublisher]:
    """Yield a publisher whose sweep runs inside the context."""
    outbox_publisher = OutboxPublisher(publisher, outbox, may_publish, until_handled=until_handled)

    async def sweep_forgotten() -> None:
        await outbox_publisher.sweep_forgotten(clock.now())

    try:
        async with (
            run_periodically(outbox_publisher.remove_when_published, every=timedelta(0)),
            run_periodically(sweep_forgotten, every=_SWEEP_INTERVAL),
        ):
            yield outbox_publisher
    finally:
        with suppress(Unavailable):
            await outbox_publisher.finish()
