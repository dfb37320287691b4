"""Stores arriving mail, then parses it in this process as long as there is room.

The first write of a mail holds the command to parse it. While this process keeps up, it parses
from memory and does not publish the command. If there is no room, the sender waits a moment for
its reply. After that, or after an error, the command goes to the queue, where other pods and
retries take it. If the process dies, the sweep publishes the command.
"""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog
from prometheus_client import Gauge

from services.ingest.arrival_parser import ArrivalParser
from shared.background_tasks import StopDeadline, cancel_and_wait, run_periodically
from shared.contracts.envelope import Cause
from shared.domain.mail_envelope import MailEnvelope
from shared.faults import crash_point
from shared.mail.parsed_mail import ParsedMail
from shared.storage.mails.arrival_store import ArrivalStore, StoredArrival

log = structlog.get_logger()

IN_HAND: Final = Gauge(
    "mailroom_ingest_mails_in_hand", "Mails that this pod parses, or that wait here for room"
)

_POSTPONE_EVERY: Final = timedelta(seconds=2)
"""The sweep publishes commands that have not been renewed for five seconds."""


class DirectParsing:
    """A `MailStore` that also parses, at most `at_once` mails in this process at the same time.

    `patience` is how long a stored mail waits for room before its command goes to the queue.
    """

    def __init__(
        self,
        arrivals: ArrivalStore,
        parser: ArrivalParser,
        *,
        at_once: int,
        patience: timedelta,
        deadline: StopDeadline,
    ) -> None:
        self._arrivals = arrivals
        self._parser = parser
        self._deadline = deadline
        self._patience = patience if at_once else timedelta(0)
        self._room = asyncio.Semaphore(at_once)
        self._running: set[asyncio.Task[None]] = set()
        self._in_hand: set[str] = set()

    async def add(
        self, raw: bytes, envelope: MailEnvelope, *, arrival_id: str | None = None
    ) -> str:
        """Store a mail and return its arrival id; the mail is then durable.

        Raises:
            Unavailable: The database does not answer.
        """
        if arrival_id is not None:  # somebody else may have stored and parsed it
            return await self._arrivals.add(raw, envelope, arrival_id=arrival_id)
        # The database and the reader work at the same time. Only the write decides whether the mail
        # is taken: what was read of a mail that could not be stored is thrown away.
        has_room = not self._room.locked()
        reading = self._parser.read_ahead(raw, envelope.sender) if has_room else None
        stored = await self._arrivals.store(raw, envelope)
        if await self._acquire_room(stored):
            task = asyncio.create_task(self._parse(stored, reading))
            self._running.add(task)
            task.add_done_callback(self._release_room)
        else:
            await self._arrivals.order_parsing(stored)
        return stored.arrival.id

    async def add_stream(
        self,
        pieces: AsyncIterable[bytes],
        envelope: MailEnvelope,
        *,
        arrival_id: str | None = None,
    ) -> str:
        """Store a mail that is not in memory here; the queue has it parsed."""
        return await self._arrivals.add_stream(pieces, envelope, arrival_id=arrival_id)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep the sweep from mails in hand; at the end, have them parsed until the deadline.

        A mail that is not parsed by then has its command in the outbox, which any pod publishes.
        """
        async with run_periodically(self.postpone_sweep, every=_POSTPONE_EVERY):
            try:
                yield
            finally:
                if self._running:
                    await asyncio.wait(self._running, timeout=self._deadline.seconds_left())
                await cancel_and_wait(tuple(self._running))

    async def postpone_sweep(self) -> None:
        """Renew the commands of mails that wait or are parsed here, so the sweep leaves them."""
        if self._in_hand:
            await self._arrivals.postpone_sweep(sorted(self._in_hand))

    async def _acquire_room(self, stored: StoredArrival) -> bool:
        with self._counted_in_hand(stored), suppress(TimeoutError):
            async with asyncio.timeout(self._patience.total_seconds()):
                return await self._room.acquire()
        return False

    @contextmanager
    def _counted_in_hand(self, stored: StoredArrival) -> Iterator[None]:
        self._in_hand.add(stored.arrival.id)
        IN_HAND.set(len(self._in_hand))
        try:
            yield
        finally:
            self._in_hand.discard(stored.arrival.id)
            IN_HAND.set(len(self._in_hand))

    def _release_room(self, task: "asyncio.Task[None]") -> None:
        self._running.discard(task)
        self._room.release()

    async def _parse(
        self, stored: StoredArrival, reading: "asyncio.Task[ParsedMail] | None"
    ) -> None:
        crash_point("ingest.before_parse")
        cause = Cause(UUID(stored.order.correlation_id), UUID(stored.order.id))
        try:
            with (
                self._counted_in_hand(stored),
                structlog.contextvars.bound_contextvars(correlation_id=stored.order.correlation_id),
            ):
                await self._parser.parse_arrival(stored.arrival, cause, reading)
        except Exception as error:  # noqa: BLE001 - the queue retries after any error
            log.warning("parsing left to the queue", reason=type(error).__name__)
            await self._arrivals.order_parsing(stored)
        else:
            self._arrivals.note_parsed(stored.arrival.id, stored.order.id)
