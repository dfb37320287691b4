"""Writes the journal: events become entries, are published to the pods, then acknowledged.

All events that wait are written in one majority write. The next write begins while the last batch
is being published: a pod that sees a hole, or a lower position, reads the journal, so pods need not
acknowledge. Newest positions and acknowledgements are written five times a second; after a crash
the events of that time are published again, and pods drop what they have passed.

The clients of this pod get the entries at once. The broker brings them here as well, where they
are dropped as passed; it is the fence, and brings them to the other pods.

Entries that were written together are published in one message (`journal_batch.py`). One message
with its confirm for each event was a quarter of a gateway's work when many clients came back into
a storm of events. The price: a pod also receives entries of other pods' agents.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import UUID

import aio_pika
import structlog
from aio_pika.abc import AbstractIncomingMessage
from prometheus_client import Counter
from pydantic import BaseModel, ValidationError

from services.gateway.notifications.consumer_loop import consuming, end_of_consumer
from services.gateway.notifications.journal.journal_batch import FORM, batches
from services.gateway.notifications.retrying import retry_until_available
from shared.background_tasks import cancel_and_wait
from shared.contracts.events import EVERYBODY
from shared.faults import crash_point
from shared.messaging.declaration import declare
from shared.messaging.publisher import Publisher
from shared.messaging.retries import Delivered, describe, parked
from shared.messaging.topology import JOURNAL
from shared.storage.agents.agent_store import AgentStore
from shared.storage.journal import Announced, JournalAppender, StoredEntry

log = structlog.get_logger()

# As many as one message to the pods holds.
_BATCH: Final = 200
# Several batches, so that one can be written while the last one is published.
_PREFETCH: Final = 2_000
_ACKNOWLEDGE_EVERY: Final = 0.2
"""Seconds of events that are acknowledged together. Those of the last moment are published twice
after a crash; pods publish no position twice to a client."""

_IDLE_SECONDS: Final = 60
# As often as pods renew what they can read.
_FORM_CHECK_SECONDS: Final = 5
_HEARTBEAT_SECONDS: Final = 10
"""The broker gives the journal to another pod when the writing one misses two heartbeats."""

ENTRIES: Final = Counter(
    "mailroom_gateway_journal_entries_total", "Events that this pod gave a place in the journal"
)


class _Addressee(BaseModel):
    """The fields of an event that decide whose journal it belongs to.

    The other fields are not read, because they may be of a newer release.
    """

    agent_id: str
    owner: str = ""
    of_group: bool = False


class _Announcement(BaseModel):
    id: UUID
    body: _Addressee


@dataclass(frozen=True, slots=True)
class _Batch:
    """The last of some deliveries of one channel, and the events that all of them brought."""

    last: AbstractIncomingMessage
    events: Sequence[Announced]


@dataclass(frozen=True, slots=True)
class _Written:
    """A batch whose entries are written, and the task that publishes them."""

    last: AbstractIncomingMessage
    entries: Sequence[StoredEntry]
    publishing: asyncio.Task[None]


_Deliveries = asyncio.Queue[AbstractIncomingMessage]
_WrittenBatches = asyncio.Queue[_Written]


DeliverHere = Callable[[Sequence[StoredEntry]], None]


def _to_nobody(_: Sequence[StoredEntry]) -> None:
    pass


class JournalWriter:
    """Consumes the queue of the journal. Every pod has one; the broker uses one of them at a time.

    A message is acknowledged when its entry is on a majority of databases and the broker has
    confirmed it for the pods. When the writer dies before, the next one finds the entry and
    publishes it again.

    While a pod of a newer release reads a higher form than this writer's, the writer leaves the
    journal to that pod. `newest_form` returns the highest form that any pod reads. `deliver_here`
    takes written entries for the clients of this pod.
    """

    def __init__(
        self,
        url: str,
        journal: JournalAppender,
        publisher: Publisher,
        agents: AgentStore,
        newest_form: Callable[[], Awaitable[int]],
        *,
        deliver_here: DeliverHere = _to_nobody,
        form: int = FORM,
    ) -> None:
        self._url = url
        self._agents = agents
        self._journal = journal
        self._publisher = publisher
        self._newest_form = newest_form
        self._deliver_here = deliver_here
        self._form = form
        self._publishing: set[asyncio.Task[None]] = set()

    def writing(self) -> AbstractAsyncContextManager[None]:
        """Write for as long as the context lasts, whenever it is this pod's turn."""
        return consuming(self._write_while_connected)

    async def _write_while_connected(self) -> None:
        await self._until(outdated=False)
        connection = await aio_pika.connect(
            self._url,
            client_properties={"connection_name": "gateway journal"},
            timeout=10,
            heartbeat=_HEARTBEAT_SECONDS,
        )
        async with connection:
            channel = await connection.channel(publisher_confirms=False)
            ended = await end_of_consumer(connection, channel)
            await channel.set_qos(_PREFETCH)
            # The queue and its bindings may be gone: deleted, or lost with the broker's data.
            await declare(connection, (JOURNAL,))
            queue = await channel.get_queue(JOURNAL.name, ensure=False)
            arrived, written = _Deliveries(), _WrittenBatches()
            await queue.consume(arrived.put)
            working = {
                asyncio.ensure_future(self._write(arrived, written)),
                asyncio.ensure_future(self._acknowledge(written)),
                asyncio.ensure_future(self._wait_until_outdated()),
            }
            try:
                done, _ = await asyncio.wait({ended, *working}, return_when=asyncio.FIRST_COMPLETED)
                for one in done:
                    one.result()
            finally:
                await cancel_and_wait(working | self._publishing)
                self._journal.forget()

    async def _wait_until_outdated(self) -> None:
        """Return when there is a pod of a newer release that reads a higher form."""
        await self._until(outdated=True)
        log.warning("a newer release is there and writes the journal", form=self._form)

    async def _until(self, *, outdated: bool) -> None:
        """Return once another pod reads a higher form, or once none does."""
        while (await retry_until_available(self._newest_form) > self._form) is not outdated:  # noqa: ASYNC110 - the database has no event to wait for
            await asyncio.sleep(_FORM_CHECK_SECONDS)

    async def _write(self, arrived: _Deliveries, written: _WrittenBatches) -> None:
        """Write the entries of all that has arrived, batch by batch, and have them published."""
        while True:
            try:
                async with asyncio.timeout(_IDLE_SECONDS):
                    first = await arrived.get()
            except TimeoutError:
                # Another pod may have written meanwhile.
                self._journal.forget()
                continue
            batch = await self._read([first, *_waiting(arrived)])
            entries = await retry_until_available(partial(self._journal.append, batch.events))
            self._deliver_here(entries)
            written.put_nowait(_Written(batch.last, entries, self._publish_soon(entries)))

    async def _read(self, messages: Sequence[AbstractIncomingMessage]) -> _Batch:
        events = []
        for message in messages:
            try:
                announcement = _Announcement.model_validate_json(message.body)
            except ValidationError as error:
                await self._park(message, error)
                continue
            events += await self._events(announcement, message.body)
        return _Batch(messages[-1], events)

    async def _events(self, announcement: _Announcement, envelope: bytes) -> list[Announced]:
        """Return the event for its agent, or one for each agent of its group."""
        event_id, body = str(announcement.id), announcement.body
        if body.agent_id != EVERYBODY:
            return [Announced(event_id, body.agent_id, envelope)]
        if not body.of_group:
            return []
        members = await retry_until_available(lambda: self._agents.serving(body.owner))
        return [Announced(f"{event_id}/{one}", one, envelope) for one in members]

    def _publish_soon(self, entries: Sequence[StoredEntry]) -> asyncio.Task[None]:
        publishing = asyncio.create_task(self._publish(entries))
        self._publishing.add(publishing)
        publishing.add_done_callback(self._publishing.discard)
        return publishing

    async def _publish(self, entries: Sequence[StoredEntry]) -> None:
        """Publish entries to the pods.

        The next write does not wait for this: a pod that receives entries out of order reads the
        journal.
        """
        crash_point("journal.before_telling")
        messages = list(batches(entries))
        await retry_until_available(lambda: self._publisher.publish_all(messages))
        ENTRIES.inc(len(entries))

    async def _acknowledge(self, written: _WrittenBatches) -> None:
        """Acknowledge batches, in order, once their entries are published."""
        while True:
            first = await written.get()
            await asyncio.sleep(_ACKNOWLEDGE_EVERY)
            together = [first, *(written.get_nowait() for _ in range(written.qsize()))]
            await asyncio.gather(*(one.publishing for one in together))
            entries = [entry for one in together for entry in one.entries]
            await retry_until_available(partial(self._journal.store_newest, entries))
            crash_point("journal.before_acknowledging")
            await together[-1].last.ack(multiple=True)

    async def _park(self, message: AbstractIncomingMessage, error: ValidationError) -> None:
        log.error("no event: parked", message_id=message.message_id, reason=describe(error))
        delivered = Delivered(
            message.message_id or "", message.body, message.correlation_id or "", message.headers
        )
        copy = parked(delivered, describe(error), JOURNAL)
        await retry_until_available(lambda: self._publisher.publish(copy))


def _waiting(arrived: _Deliveries) -> list[AbstractIncomingMessage]:
    return [arrived.get_nowait() for _ in range(min(arrived.qsize(), _BATCH - 1))]
