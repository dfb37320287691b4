"""The bindings of this pod's queue to agents: those that it has, and those that are wanted."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, NoReturn, Protocol

import structlog

log = structlog.get_logger()

# A client waits for the answer to its subscription; the journal covers what comes later.
_PATIENCE_SECONDS: Final = 5.0

OnGap = Callable[[frozenset[str]], None]
"""Called with the agents of whom events may be missing."""


class Bindable(Protocol):
    """A queue that can be bound to agents."""

    async def bind(self, agent_ids: Sequence[str]) -> None:
        """Return once the queue receives the journaled events of all these agents."""
        ...

    async def unbind(self, agent_id: str) -> None:
        """Return once the queue no longer receives the events of an agent."""
        ...


class Bindings:
    """Makes a queue's bindings match what is wanted; many new ones are made together.

    A caller may stop waiting for a binding. The request to the broker goes on nevertheless: to
    cancel it would close the channel, and with it the queue of all agents.
    """

    def __init__(self, on_gap: OnGap, *, patience: float = _PATIENCE_SECONDS) -> None:
        self._on_gap = on_gap
        self._patience = patience
        self._queue: Bindable | None = None
        self._wanted: set[str] = set()
        self._bound: set[str] = set()
        self._changed: dict[str, None] = {}
        self._to_unbind: dict[str, None] = {}
        self._waiters: dict[str, asyncio.Event] = {}
        self._with_gap: set[str] = set()
        self._has_work = asyncio.Event()

    def want(self, agent_id: str) -> None:
        """Request the binding of an agent."""
        self._wanted.add(agent_id)
        self._schedule(agent_id)

    def drop(self, agent_id: str) -> None:
        """Request the removal of an agent's binding."""
        self._wanted.discard(agent_id)
        self._with_gap.discard(agent_id)
        self._schedule(agent_id)

    async def wait_until_applied(self, agent_id: str) -> bool:
        """Wait at most `patience` seconds; return whether the last change for an agent is in force.

        Without a queue the answer is False at once. After False, `on_gap` is called as soon as the
        agent is bound.
        """
        if self._queue is not None and not self._is_applied(agent_id):
            await self._wait(self._waiters.setdefault(agent_id, asyncio.Event()), agent_id)
        if self._is_applied(agent_id):
            return True
        if agent_id in self._wanted:
            self._with_gap.add(agent_id)
        return False

    async def attach(self, queue: Bindable) -> None:
        """Bind a new queue to all wanted agents; `on_gap` is called for each of them."""
        self._queue = queue
        self._with_gap |= self._wanted
        self._changed = dict.fromkeys(self._wanted)
        await self._apply(queue)

    async def apply_changes(self) -> NoReturn:
        """Bind and unbind the attached queue as agents are wanted and dropped, without end."""
        while True:
            await self._has_work.wait()
            self._has_work.clear()
            if self._queue is not None:
                await self._apply(self._queue)

    def detach(self) -> None:
        """Forget the queue, which no longer exists, and its bindings."""
        self._queue = None
        self._bound.clear()
        self._changed.clear()
        self._to_unbind.clear()
        for waiter in self._waiters.values():
            waiter.set()
        self._waiters.clear()

    async def _wait(self, waiter: asyncio.Event, agent_id: str) -> None:
        try:
            async with asyncio.timeout(self._patience):
                await waiter.wait()
        except TimeoutError:
            log.warning("binding takes long", agent_id=agent_id, to_do=len(self._changed))

    def _is_applied(self, agent_id: str) -> bool:
        return (agent_id in self._wanted) == (agent_id in self._bound)

    def _is_missing(self, agent_id: str) -> bool:
        return agent_id in self._wanted and agent_id not in self._bound

    def _schedule(self, agent_id: str) -> None:
        self._changed[agent_id] = None
        self._has_work.set()

    async def _apply(self, queue: Bindable) -> None:
        """Bind all new agents together, then unbind one, until nothing is left to do.

        Clients wait for bindings, so a binding never waits for more than one unbinding.
        """
        while self._changed or self._to_unbind:
            changed, self._changed = self._changed, {}
            self._to_unbind |= dict.fromkeys(one for one in changed if one not in self._wanted)
            if new := [one for one in changed if self._is_missing(one)]:
                await queue.bind(new)
                self._bound.update(new)
            for agent_id in changed:
                self._report(agent_id)
            await self._unbind_one(queue)

    async def _unbind_one(self, queue: Bindable) -> None:
        if not self._to_unbind:
            return
        agent_id, _ = self._to_unbind.popitem()
        if agent_id in self._bound and agent_id not in self._wanted:
            # Before the broker is asked: an agent wanted again meanwhile has to be bound again.
            self._bound.discard(agent_id)
            await queue.unbind(agent_id)
            self._report(agent_id)

    def _report(self, agent_id: str) -> None:
        """Wake those who wait for an agent, and report its gap, if its binding is in force."""
        if not self._is_applied(agent_id):
            return
        if waiter := self._waiters.pop(agent_id, None):
            waiter.set()
        if agent_id in self._with_gap:
            self._with_gap.discard(agent_id)
            self._on_gap(frozenset({agent_id}))
