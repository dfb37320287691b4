"""Lanes: what concerns one agent is done in order, different agents do not wait for each other."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import structlog
from aio_pika.abc import AbstractIncomingMessage

from services.gateway.errors import trace_of
from shared.contracts.envelope import Envelope
from shared.contracts.events import AgentNews

log = structlog.get_logger()

_LANES: Final = 8


@dataclass(frozen=True, slots=True)
class CatchUp:
    """Something may be missing for an agent, or nobody listened to them until now."""

    agent_id: str

    async def settle(self) -> None:
        """Do nothing: nobody waits to hear of it."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """An event at its position, and the delivery it came with; None if it is of a newer release."""

    agent_id: str
    position: int
    envelope: Envelope[AgentNews] | None
    message: AbstractIncomingMessage

    async def settle(self) -> None:
        """Make room for the next event; a connection that has ended needs no answer."""
        try:
            await self.message.ack()
        except Exception as error:  # noqa: BLE001 - whatever it is, the delivery is gone
            log.info("event outlived its connection", reason=type(error).__name__)


Work = CatchUp | Arrived


class Lanes:
    """A few queues, each worked off by one task."""

    def __init__(self, do: Callable[[Work], Awaitable[None]]) -> None:
        self._do = do
        self._queues: list[asyncio.Queue[Work]] = [asyncio.Queue() for _ in range(_LANES)]

    def put(self, work: Work) -> None:
        """Have something done after all that concerns the same agent and came before it."""
        self._queues[hash(work.agent_id) % _LANES].put_nowait(work)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work for as long as the context lasts; what is left then is left undone."""
        tasks = [asyncio.create_task(self._work(queue)) for queue in self._queues]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _work(self, queue: "asyncio.Queue[Work]") -> None:
        while True:
            work = await queue.get()
            try:
                await self._do(work)
            except Exception as error:  # noqa: BLE001 - the next event is worth telling
                log.error("event not told", agent_id=work.agent_id, fault=trace_of(error))  # noqa: TRY400 - without its words
            await work.settle()
