"""Fills queues in the background: one pass at a time through each, in one pod at a time."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from typing import Final, Protocol

import structlog

from services.routing.offers.offer_pass import OfferPass
from shared.background_tasks import cancel_and_wait, is_canceled
from shared.domain.errors import Unavailable
from shared.storage.agents.agent_store import AgentStore
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.database.leases import LeaseStore

log = structlog.get_logger()

# A pod that dies holds its queues up for at most this long.
_LEASE: Final = timedelta(seconds=5)
# Early enough for a second try before the lease ends.
_RENEWED_AFTER: Final = _LEASE.total_seconds() / 3
_BUSY_PAUSE_SECONDS: Final = 0.05
"""The pause before a pod asks again for the lease of a queue that another pod fills.

All requests that come during the pause become one. It doubles each time in a row that the lease is
still taken: the passes of the pod that has it serve these requests too, and each attempt costs
the database a write.
"""
_LONGEST_BUSY_PAUSE_SECONDS: Final = 0.2
_REST_SECONDS: Final = 0.01
"""The pause after a pass with offers, in which requests gather for the next one.

A queue that was idle is passed through at once. Of a busy one, the mails of one pause share a pass:
its lease, its reading, and the write of its invitations.
"""
_QUEUES_AT_ONCE: Final = 4


class BrokerLink(Protocol):
    """The connection on which invitations are published."""

    def is_open(self) -> bool:
        """Say whether an invitation that is written now can be published now."""
        ...


class QueueFiller:
    """Notes requests to fill a queue, and serves them by passes in the background.

    One pass serves all requests that came before it started, from all pods: a lease lets one pod
    fill a queue at a time, and its holder passes once more if another pod asked meanwhile. The
    requests of a process that dies are lost; `request_all`, which routing calls every few
    seconds, replaces them. Nothing is offered while the broker is away, because no agent would
    receive the invitation before it ends.
    """

    def __init__(
        self,
        *,
        offers: OfferPass,
        leases: LeaseStore,
        agents: AgentStore,
        configuration: ConfigurationStore,
        broker: BrokerLink,
    ) -> None:
        self._offers = offers
        self._leases = leases
        self._agents = agents
        self._configuration = configuration
        self._broker = broker
        self._wanted: dict[str, None] = {}
        self._busy: set[str] = set()
        self._pauses: dict[str, float] = {}
        self._agents_wanted: set[str] = set()
        self._is_looking = False
        self._renewed: dict[str, float] = {}
        self._changed = asyncio.Event()

    def request(self, queue: str) -> None:
        """Request a pass through a queue."""
        self._wanted[queue] = None
        self._changed.set()

    def request_for(self, agent_id: str) -> None:
        """Request a pass through each queue that the agent serves.

        The agent is read in the background. At the beginning of a shift a thousand messages say
        that an agent is Ready, and commands of agents stand behind them in the same queue.
        """
        self._agents_wanted.add(agent_id)
        self._changed.set()

    async def request_all(self) -> None:
        """Request a pass through every queue: exclusions may have ended, requests may be lost."""
        for queue in (await self._configuration.current()).queues:
            self.request(queue.name)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Fill the requested queues for as long as the context lasts."""
        workers = {asyncio.create_task(self._work()) for _ in range(_QUEUES_AT_ONCE)}
        workers.add(asyncio.create_task(self._look_up_agents()))
        try:
            yield
        finally:
            await cancel_and_wait(workers)

    async def wait_until_idle(self) -> None:
        """Return when every requested pass has ended."""
        while self._wanted or self._busy or self._agents_wanted or self._is_looking:
            self._changed.clear()
            await self._changed.wait()

    async def _work(self) -> None:
        while not is_canceled():
            queue = await self._next()
            pause = 0.0
            try:
                pause = self._pause_after(queue, is_ours=await self._fill(queue))
            except Unavailable as error:
                log.warning("queue not filled", queue=queue, reason=str(error))
            except Exception:
                log.exception("queue not filled", queue=queue)
            finally:
                asyncio.get_running_loop().call_later(pause, self._mark_idle, queue)

    def _pause_after(self, queue: str, *, is_ours: bool) -> float:
        """Return how long a queue is left alone; longer each time in a row that it is not ours."""
        if is_ours:
            self._pauses.pop(queue, None)
            return 0.0
        pause = min(self._pauses.get(queue, _BUSY_PAUSE_SECONDS), _LONGEST_BUSY_PAUSE_SECONDS)
        self._pauses[queue] = 2 * pause
        return pause

    async def _look_up_agents(self) -> None:
        """Request the queues of agents, of all together that were asked for meanwhile."""
        while not is_canceled():
            while not self._agents_wanted:
                self._changed.clear()
                await self._changed.wait()
            together, self._agents_wanted = self._agents_wanted, set()
            self._is_looking = True
            try:
                for agent in await asyncio.gather(*map(self._agents.get, together)):
                    for queue in agent.queues if agent else ():
                        self.request(queue)
            except Unavailable as error:
                # `request_all` makes it good.
                log.warning("agents not looked up", agents=len(together), reason=str(error))
            except Exception:
                log.exception("agents not looked up", agents=len(together))
            finally:
                self._is_looking = False
                self._changed.set()

    def _mark_idle(self, queue: str) -> None:
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
        """Pass through a queue; return False if another pod fills it and has noted the request."""
        if not self._broker.is_open():
            return True
        if not await self._leases.acquire(_lease_of(queue), _LEASE):
            return False
        self._renewed[queue] = time.monotonic()
        try:
            await self._pass_while_wanted(queue)
        finally:
            if await self._leases.release(_lease_of(queue), _LEASE):
                self.request(queue)
        return True

    async def _pass_while_wanted(self, queue: str) -> None:
        """Pass through a queue, and again under the same lease as long as it is requested.

        A queue that waits for a worker ends this, so that busy queues do not take all workers.
        """
        while True:
            offers = 0
            # Closed before the lease is released: the pass then still invites reserved agents.
            async with aclosing(self._offers.pass_through(queue)) as bulks:
                async for invited in bulks:
                    offers += invited
                    if not await self._may_go_on(queue):
                        return
            if offers:
                await asyncio.sleep(_REST_SECONDS)
            is_awaited = self._wanted.keys() - self._busy
            if queue not in self._wanted or is_awaited or not await self._may_go_on(queue):
                return
            self._wanted.pop(queue, None)

    async def _may_go_on(self, queue: str) -> bool:
        """Renew the lease of a queue in time; return False if it is lost or the broker is away."""
        if time.monotonic() - self._renewed[queue] < _RENEWED_AFTER:
            return True
        if not self._broker.is_open() or not await self._leases.acquire(_lease_of(queue), _LEASE):
            return False
        self._renewed[queue] = time.monotonic()
        return True


def _lease_of(queue: str) -> str:
    return f"queue/{queue}"
