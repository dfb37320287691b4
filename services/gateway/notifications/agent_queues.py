"""Queues of work: for one agent it is done in order, and agents do not wait for each other."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import structlog

from services.gateway.errors import trace_of
from shared.background_tasks import cancel_and_wait

log = structlog.get_logger()

_QUEUES: Final = 512
_MOST_WAITING: Final = 1_000


@dataclass(frozen=True, slots=True)
class CatchUp:
    """Something may be missing for an agent, or nobody listened to them until now."""

    agent_id: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """An event at its position, as it came: not every one has to be read."""

    agent_id: str
    position: int
    envelope: bytes


Work = CatchUp | Arrived


class AgentQueue:
    """What is to be done one after the other.

    It is bounded: of what comes when it is full, only for whom it was is remembered. They catch up
    from the journal at the end.
    """

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Work] = asyncio.Queue()
        self._behind: set[str] = set()

    def put(self, work: Work) -> None:
        """Have something done after all that came before it."""
        if self._queue.qsize() < _MOST_WAITING:
            self._queue.put_nowait(work)
        else:
            self._behind.add(work.agent_id)

    async def get(self) -> Work:
        """Return what is to be done next, once there is something."""
        if self._behind and self._queue.empty():
            return CatchUp(self._behind.pop())
        return await self._queue.get()


class PerAgentQueues:
    """Queues, each emptied by one task; the agents are spread over them."""

    def __init__(self, do: Callable[[Work], Awaitable[None]]) -> None:
        self._do = do
        self._queues = [AgentQueue() for _ in range(_QUEUES)]

    def put(self, work: Work) -> None:
        """Have something done after all that concerns the same agent and came before it."""
        self._queues[hash(work.agent_id) % _QUEUES].put(work)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work for as long as the context lasts; what is left then is left undone."""
        tasks = [asyncio.create_task(self._work(queue)) for queue in self._queues]
        try:
            yield
        finally:
            await cancel_and_wait(tasks)

    async def _work(self, queue: AgentQueue) -> None:
        while True:
            work = await queue.get()
            try:
                await self._do(work)
            except Exception as error:  # noqa: BLE001 - the next event is worth telling
                log.error("event not told", agent_id=work.agent_id, fault=trace_of(error))  # noqa: TRY400 - without its words
