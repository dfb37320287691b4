"""Queues of work: the work of one agent is done in order, and agents do not wait for each other."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import structlog

from services.gateway.errors import trace_of
from shared.background_tasks import cancel_and_wait
from shared.storage.journal import Entry

log = structlog.get_logger()

# The number of tasks is fixed, however many agents there are.
_QUEUES: Final = 512
# Beyond this, pages of the journal catch up faster than one event after the other.
_MOST_WAITING: Final = 1_000


@dataclass(frozen=True, slots=True)
class CatchUp:
    """The agent's journal has to be read: it is new here, or events may be missing."""

    agent_id: str


Work = CatchUp | Entry


class AgentQueue:
    """A bounded queue.

    Work that comes while it is full is dropped, and its agent remembered. Those agents catch up
    from the journal when the queue is empty.
    """

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Work] = asyncio.Queue()
        self._overflowed: set[str] = set()

    def put(self, work: Work) -> None:
        """Add work at the end."""
        if self._queue.qsize() < _MOST_WAITING:
            self._queue.put_nowait(work)
        else:
            self._overflowed.add(work.agent_id)

    async def get(self) -> Work:
        """Remove the next work and return it; wait until there is some."""
        if self._overflowed and self._queue.empty():
            return CatchUp(self._overflowed.pop())
        return await self._queue.get()


class PerAgentQueues:
    """A fixed number of queues with one task each; every agent belongs to one of them."""

    def __init__(self, handle: Callable[[Work], Awaitable[None]]) -> None:
        self._handle = handle
        self._queues = [AgentQueue() for _ in range(_QUEUES)]

    def put(self, work: Work) -> None:
        """Queue work behind all earlier work of the same agent."""
        self._queues[hash(work.agent_id) % _QUEUES].put(work)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work for as long as the context lasts; what is left then is dropped."""
        tasks = [asyncio.create_task(self._work(queue)) for queue in self._queues]
        try:
            yield
        finally:
            await cancel_and_wait(tasks)

    async def _work(self, queue: AgentQueue) -> None:
        while True:
            work = await queue.get()
            try:
                await self._handle(work)
            except Exception as error:  # noqa: BLE001 - the next event has to be handled
                log.error("event not published", agent_id=work.agent_id, fault=trace_of(error))  # noqa: TRY400 - its message may quote a mail
