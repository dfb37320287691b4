"""Fills queues in the background: one pass at a time through each, in one pod at a time."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from typing import Final, Protocol

import structlog

from services.routing.offers import OfferPass
from shared.background_tasks import cancel_and_wait, is_canceled
from shared.domain.errors import Unavailable
from shared.storage.agents.agent_store import AgentStore
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.database.leases import LeaseStore

log = structlog.get_logger()

_LEASE: Final = timedelta(seconds=5)
_RENEWED_AFTER: Final = _LEASE.total_seconds() / 3
_REST_SECONDS: Final = 0.05
"""A pod waits so long before it asks again for a queue that another pod fills.

What is asked for meanwhile is one question then, so that a busy queue costs few of them.
"""
_QUEUES_AT_ONCE: Final = 4


class Tellable(Protocol):
    """Whatever carries invitations to agents."""

    def is_open(self) -> bool:
        """Say whether an invitation that is written now would be told now."""
        ...


class QueueFiller:
    """Asks for queues to be filled are noted and answered at once; passes go on behind them.

    However many ask, one pass serves all who asked before it began, in all pods together: a lease
    says whose turn it is, and its holder passes once more where another pod asked meanwhile. What
    a dying process was asked for is made good by `request_all`, which routing calls every few
    seconds. While the broker is away nothing is offered, because nobody would hear of it.
    """

    def __init__(
        self,
        *,
        offering: OfferPass,
        leases: LeaseStore,
        agents: AgentStore,
        configuration: ConfigurationStore,
        broker: Tellable,
    ) -> None:
        self._offering = offering
        self._leases = leases
        self._agents = agents
        self._configuration = configuration
        self._broker = broker
        self._wanted: dict[str, None] = {}
        self._busy: set[str] = set()
        self._changed = asyncio.Event()

    def request(self, queue: str) -> None:
        """Have what waits in a queue offered soon."""
        self._wanted[queue] = None
        self._changed.set()

    async def request_for(self, agent_id: str) -> None:
        """Have what waits in any queue that the agent serves offered soon."""
        agent = await self._agents.get(agent_id)
        for queue in agent.queues if agent else ():
            self.request(queue)

    async def request_all(self) -> None:
        """Have what waits anywhere offered soon: for exclusions that end and lost requests."""
        for queue in (await self._configuration.current()).queues:
            self.request(queue.name)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Fill what is asked for, for as long as the context lasts."""
        workers = {asyncio.create_task(self._work()) for _ in range(_QUEUES_AT_ONCE)}
        try:
            yield
        finally:
            await cancel_and_wait(workers)

    async def wait_until_idle(self) -> None:
        """Return when all that was asked for has been passed through."""
        while self._wanted or self._busy:
            self._changed.clear()
            await self._changed.wait()

    async def _work(self) -> None:
        while not is_canceled():
            queue = await self._next()
            rest = 0.0
            try:
                if not await self._fill(queue):
                    rest = _REST_SECONDS
            except Unavailable as error:
                log.warning("queue not filled", queue=queue, reason=str(error))
            except Exception:
                log.exception("queue not filled", queue=queue)
            finally:
                asyncio.get_running_loop().call_later(rest, self._rested, queue)

    def _rested(self, queue: str) -> None:
        self._busy.discard(queue)
        self._changed.set()

    async def _next(self) -> str:
        while True:
            for queue in self._wanted:
                if queue not in self._busy:
                    del self._wanted[queue]
                    self._busy.add(queue)
                    return queue
            self._changed.clear()
            await self._changed.wait()

    async def _fill(self, queue: str) -> bool:
        """Pass through a queue; return False where another pod does and was told."""
        if not self._broker.is_open():
            return True
        if not await self._leases.acquire(_lease_of(queue), _LEASE):
            return False
        try:
            await self._pass_through(queue)
        finally:
            if await self._leases.release(_lease_of(queue), _LEASE):
                self.request(queue)
        return True

    async def _pass_through(self, queue: str) -> None:
        renewed = time.monotonic()
        async with aclosing(self._offering.pass_through(queue)) as bulks:
            async for _ in bulks:
                if time.monotonic() - renewed < _RENEWED_AFTER:
                    continue
                if not self._broker.is_open() or not await self._leases.acquire(
                    _lease_of(queue), _LEASE
                ):
                    return
                renewed = time.monotonic()


def _lease_of(queue: str) -> str:
    return f"queue/{queue}"
