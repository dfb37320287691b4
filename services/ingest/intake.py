"""Where arriving mail goes: stored first, then parsed here and now as long as there is room.

The order to parse a mail is in its document from the first write on. While this process keeps up
it carries the order out itself, with the octets still in memory, and the broker never sees it. A
sender who is faster than the parsing waits a moment for its answer; what is too much even so, or
goes wrong, goes to the queue, where other pods and their retries are; what a process leaves behind
that dies, the sweep finds.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog
from prometheus_client import Gauge

from services.ingest.arrival_parser import ArrivalParser
from shared.background_tasks import run_periodically
from shared.contracts.envelope import Cause
from shared.faults import crash_point
from shared.storage.mails.arrival_store import ArrivalStore, Stored

log = structlog.get_logger()

IN_HAND: Final = Gauge(
    "mailroom_ingest_mails_in_hand", "Mails that this pod parses, or that wait here for room"
)

_HOLDING: Final = timedelta(seconds=2)
"""The sweep orders what nobody has said a word about for five seconds."""


class Intake:
    """Takes mail, and has at most `at_once` of it parsed in this process.

    `patience` is how long a stored mail waits for room before it is left to the queue.
    """

    def __init__(
        self, arrivals: ArrivalStore, parsing: ArrivalParser, *, at_once: int, patience: timedelta
    ) -> None:
        self._arrivals = arrivals
        self._parsing = parsing
        self._patience = patience if at_once else timedelta(0)
        self._room = asyncio.Semaphore(at_once)
        self._running: set[asyncio.Task[None]] = set()
        self._held: set[str] = set()

    async def add(self, raw: bytes, *, sender: str, mailboxes: Sequence[str], peer: str) -> str:
        """Return the id of a mail once it is stored."""
        stored = await self._arrivals.store(raw, sender=sender, mailboxes=mailboxes, peer=peer)
        if await self._finds_room(stored):
            task = asyncio.create_task(self._parse(stored))
            self._running.add(task)
            task.add_done_callback(self._end)
        else:
            await self._arrivals.order_parsing(stored)
        return stored.arrival.id

    @asynccontextmanager
    async def finishing(self) -> AsyncIterator[None]:
        """Finish what has begun before the context ends.

        Meanwhile the sweep is told what waits here: it would order that a second time.
        """
        async with run_periodically(self.hold, every=_HOLDING):
            try:
                yield
            finally:
                await asyncio.gather(*self._running, return_exceptions=True)

    async def hold(self) -> None:
        """Say what waits here or is being parsed."""
        if self._held:
            await self._arrivals.keep_from_sweep(sorted(self._held))

    async def _finds_room(self, stored: Stored) -> bool:
        with self._holding(stored), suppress(TimeoutError):
            async with asyncio.timeout(self._patience.total_seconds()):
                return await self._room.acquire()
        return False

    @contextmanager
    def _holding(self, stored: Stored) -> Iterator[None]:
        self._held.add(stored.arrival.id)
        IN_HAND.set(len(self._held))
        try:
            yield
        finally:
            self._held.discard(stored.arrival.id)
            IN_HAND.set(len(self._held))

    def _end(self, task: "asyncio.Task[None]") -> None:
        self._running.discard(task)
        self._room.release()

    async def _parse(self, stored: Stored) -> None:
        crash_point("ingest.before_parse")
        cause = Cause(UUID(stored.order.correlation_id), UUID(stored.order.id))
        try:
            with (
                self._holding(stored),
                structlog.contextvars.bound_contextvars(correlation_id=stored.order.correlation_id),
            ):
                await self._parsing.parse_arrival(stored.arrival, cause)
        except Exception as error:  # noqa: BLE001 - whatever it is, the queue knows what to do
            log.warning("mail goes to the queue", reason=type(error).__name__)
            await self._arrivals.order_parsing(stored)
        else:
            self._arrivals.note_parsed(stored.arrival.id, stored.order.id)
