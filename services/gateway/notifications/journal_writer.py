"""Writes the journal: what waits in one write, then told to the pods that listen, then settled."""

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

from services.gateway.notifications.consumer_loop import consuming_again, end_of_consumer
from services.gateway.notifications.journal_batch import FORM, batches
from services.gateway.notifications.retrying import retry_until_available
from shared.background_tasks import cancel_and_wait
from shared.contracts.events import EVERYBODY
from shared.faults import crash_point
from shared.messaging.declaration import declare
from shared.messaging.publisher import Publisher
from shared.messaging.retries import Delivered, describe, parked
from shared.messaging.topology import JOURNAL
from shared.storage.agents.agent_store import AgentStore
from shared.storage.journal import Announced, Entry, JournalAppender

log = structlog.get_logger()

_BATCH: Final = 200
_PREFETCH: Final = 2_000
_SETTLED_FOR: Final = 0.2
"""Seconds of events that are settled together; those of the last moment are told twice after a
crash, and pods tell no client twice."""

_IDLE_SECONDS: Final = 60
_FORM_CHECK_SECONDS: Final = 5
_HEARTBEAT_SECONDS: Final = 10
"""A pod that hangs gives the journal to another one after two of these."""

ENTRIES: Final = Counter(
    "mailroom_gateway_journal_entries_total", "Events that this pod gave a place in the journal"
)


class _Addressed(BaseModel):
    """What of an event the journal has to understand; the rest may be of a newer release."""

    agent_id: str
    owner: str = ""
    of_group: bool = False


class _Announcement(BaseModel):
    id: UUID
    body: _Addressed


@dataclass(frozen=True, slots=True)
class _Batch:
    """Deliveries of one channel, and what of them belongs into the journal."""

    last: AbstractIncomingMessage
    events: Sequence[Announced]


@dataclass(frozen=True, slots=True)
class _Written:
    """Deliveries whose events have their places, and are being told."""

    last: AbstractIncomingMessage
    entries: Sequence[Entry]
    message_builder: asyncio.Task[None]


_Deliveries = asyncio.Queue[AbstractIncomingMessage]
_Told = asyncio.Queue[_Written]


class JournalWriter:
    """Every pod runs one; the broker gives messages to one of them at a time.

    A message is acknowledged when its event has a place that a majority of databases know and the
    broker has told the pods. Whatever dies in between, the next one finds the place and tells it
    again.

    It tells in its own form, so it leaves the writing to others while a pod of a newer release is
    there that reads another one. `newest_form` says which that is.
    """

    def __init__(
        self,
        url: str,
        journal: JournalAppender,
        publisher: Publisher,
        agents: AgentStore,
        newest_form: Callable[[], Awaitable[int]],
        *,
        form: int = FORM,
    ) -> None:
        self._url = url
        self._agents = agents
        self._journal = journal
        self._publisher = publisher
        self._newest_form = newest_form
        self._form = form
        self._message_builder: set[asyncio.Task[None]] = set()

    def writing(self) -> AbstractAsyncContextManager[None]:
        """Write for as long as the context lasts, whenever it is this pod's turn."""
        return consuming_again(self._write_while_connected)

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
            # The broker may have come back empty, or the queue be gone, and with it its bindings.
            await declare(connection, (JOURNAL,))
            queue = await channel.get_queue(JOURNAL.name, ensure=False)
            arrived, told = _Deliveries(), _Told()
            await queue.consume(arrived.put)
            working = {
                asyncio.ensure_future(self._write_what_arrives(arrived, told)),
                asyncio.ensure_future(self._settle_what_is_told(told)),
                asyncio.ensure_future(self._become_outdated()),
            }
            try:
                done, _ = await asyncio.wait({ended, *working}, return_when=asyncio.FIRST_COMPLETED)
                for one in done:
                    one.result()
            finally:
                await cancel_and_wait(working | self._message_builder)
                self._journal.forget()

    async def _become_outdated(self) -> None:
        """Return when a pod of a newer release is there, which does not read what is told here."""
        await self._until(outdated=True)
        log.warning("a newer release is there: the journal is left to it", form=self._form)

    async def _until(self, *, outdated: bool) -> None:
        while (await retry_until_available(self._newest_form) > self._form) is not outdated:  # noqa: ASYNC110 - pods say it in the database
            await asyncio.sleep(_FORM_CHECK_SECONDS)

    async def _write_what_arrives(self, arrived: _Deliveries, told: _Told) -> None:
        while True:
            try:
                async with asyncio.timeout(_IDLE_SECONDS):
                    first = await arrived.get()
            except TimeoutError:
                # It may have been another pod's turn meanwhile.
                self._journal.forget()
                continue
            batch = await self._sort([first, *_waiting(arrived)])
            entries = await retry_until_available(partial(self._journal.append, batch.events))
            told.put_nowait(_Written(batch.last, entries, self._tell_soon(entries)))

    async def _sort(self, messages: Sequence[AbstractIncomingMessage]) -> _Batch:
        events = []
        for message in messages:
            try:
                announcement = _Announcement.model_validate_json(message.body)
            except ValidationError as error:
                await self._park(message, error)
                continue
            events += await self._address(announcement, message.body)
        return _Batch(messages[-1], events)

    async def _address(self, announcement: _Announcement, envelope: bytes) -> list[Announced]:
        """Return the event for the agent it concerns, or for each of the group."""
        event_id, body = str(announcement.id), announcement.body
        if body.agent_id != EVERYBODY:
            return [Announced(event_id, body.agent_id, envelope)]
        if not body.of_group:
            return []
        members = await retry_until_available(lambda: self._agents.serving(body.owner))
        return [Announced(f"{event_id}/{one}", one, envelope) for one in members]

    def _tell_soon(self, entries: Sequence[Entry]) -> asyncio.Task[None]:
        message_builder = asyncio.create_task(self._tell(entries))
        self._message_builder.add(message_builder)
        message_builder.add_done_callback(self._message_builder.discard)
        return message_builder

    async def _tell(self, entries: Sequence[Entry]) -> None:
        """Tell the pods. The next write need not wait: who hears out of order reads the journal."""
        crash_point("journal.before_telling")
        messages = list(batches(entries))
        await retry_until_available(lambda: self._publisher.publish_all(messages))
        ENTRIES.inc(len(entries))

    async def _settle_what_is_told(self, told: _Told) -> None:
        while True:
            first = await told.get()
            await asyncio.sleep(_SETTLED_FOR)
            together = [first, *(told.get_nowait() for _ in range(told.qsize()))]
            await asyncio.gather(*(one.message_builder for one in together))
            entries = [entry for one in together for entry in one.entries]
            await retry_until_available(partial(self._journal.keep_newest, entries))
            crash_point("journal.before_acknowledging")
            await together[-1].last.ack(multiple=True)

    async def _park(self, message: AbstractIncomingMessage, error: ValidationError) -> None:
        log.error("no event for the journal", message_id=message.message_id, reason=describe(error))
        delivered = Delivered(
            message.message_id or "", message.body, message.correlation_id or "", message.headers
        )
        copy = parked(delivered, describe(error), JOURNAL)
        await retry_until_available(lambda: self._publisher.publish(copy))


def _waiting(arrived: _Deliveries) -> list[AbstractIncomingMessage]:
    return [arrived.get_nowait() for _ in range(min(arrived.qsize(), _BATCH - 1))]
