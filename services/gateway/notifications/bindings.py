"""To which agents this pod's queue is bound, and to which it should be."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, NoReturn, Protocol

import structlog

log = structlog.get_logger()

_PATIENCE_SECONDS: Final = 5.0

OnGap = Callable[[frozenset[str]], None]


class Bindable(Protocol):
    """A queue, as far as it is bound to agents."""

    async def bind(self, agent_ids: Sequence[str]) -> None:
        """Return once what is journaled of all of them comes here."""
        ...

    async def unbind(self, agent_id: str) -> None:
        """Return once it no longer does of this one."""
        ...


class Bindings:
    """Brings a queue's bindings in line with what is wanted; many new ones go together.

    Whoever waits for a binding may stop waiting; the question to the broker goes on, because
    breaking it off would cost the channel, and with it the queue of all agents.
    """

    def __init__(self, on_gap: OnGap, *, patience: float = _PATIENCE_SECONDS) -> None:
        self._on_gap = on_gap
        self._patience = patience
        self._queue: Bindable | None = None
        self._wanted: set[str] = set()
        self._bound: set[str] = set()
        self._to_do: dict[str, None] = {}
        self._left: dict[str, None] = {}
        self._settling: dict[str, asyncio.Event] = {}
        self._late: set[str] = set()
        self._has_work = asyncio.Event()

    def want(self, agent_id: str) -> None:
        """Have an agent bound soon."""
        self._wanted.add(agent_id)
        self._plan(agent_id)

    def drop(self, agent_id: str) -> None:
        """Have an agent bound no longer."""
        self._wanted.discard(agent_id)
        self._late.discard(agent_id)
        self._plan(agent_id)

    async def settled(self, agent_id: str) -> bool:
        """Wait a few seconds, and say whether the binding of an agent is as it should be.

        Without a queue the answer is no at once. After a no `on_gap` is told when it is bound.
        """
        if self._queue is not None and not self._is_right(agent_id):
            await self._wait(self._settling.setdefault(agent_id, asyncio.Event()), agent_id)
        if self._is_right(agent_id):
            return True
        if agent_id in self._wanted:
            self._late.add(agent_id)
        return False

    async def begin(self, queue: Bindable) -> None:
        """Bind a new queue to all who are wanted; those may have missed something."""
        self._queue = queue
        self._late |= self._wanted
        self._to_do = dict.fromkeys(self._wanted)
        await self._do_all(queue)

    async def keep_up(self) -> NoReturn:
        """Follow what is wanted for as long as the queue is there."""
        while True:
            await self._has_work.wait()
            self._has_work.clear()
            if self._queue is not None:
                await self._do_all(self._queue)

    def lose(self) -> None:
        """The queue is gone: nothing is bound until another one begins."""
        self._queue = None
        self._bound.clear()
        self._to_do.clear()
        self._left.clear()
        for settling in self._settling.values():
            settling.set()
        self._settling.clear()

    async def _wait(self, settling: asyncio.Event, agent_id: str) -> None:
        try:
            async with asyncio.timeout(self._patience):
                await settling.wait()
        except TimeoutError:
            log.warning("binding takes long", agent_id=agent_id, to_do=len(self._to_do))

    def _is_right(self, agent_id: str) -> bool:
        return (agent_id in self._wanted) == (agent_id in self._bound)

    def _is_missing(self, agent_id: str) -> bool:
        return agent_id in self._wanted and agent_id not in self._bound

    def _plan(self, agent_id: str) -> None:
        self._to_do[agent_id] = None
        self._has_work.set()

    async def _do_all(self, queue: Bindable) -> None:
        """Bind all that is new, then give up one of those who left, and so on."""
        while self._to_do or self._left:
            changed, self._to_do = self._to_do, {}
            self._left |= dict.fromkeys(one for one in changed if one not in self._wanted)
            if new := [one for one in changed if self._is_missing(one)]:
                await queue.bind(new)
                self._bound.update(new)
            for agent_id in changed:
                self._note(agent_id)
            await self._unbind_one(queue)

    async def _unbind_one(self, queue: Bindable) -> None:
        if not self._left:
            return
        agent_id, _ = self._left.popitem()
        if agent_id in self._bound and agent_id not in self._wanted:
            # Before the broker is asked: what is wanted again meanwhile has to be bound again.
            self._bound.discard(agent_id)
            await queue.unbind(agent_id)
            self._note(agent_id)

    def _note(self, agent_id: str) -> None:
        if not self._is_right(agent_id):
            return
        if settling := self._settling.pop(agent_id, None):
            settling.set()
        if agent_id in self._late:
            self._late.discard(agent_id)
            self._on_gap(frozenset({agent_id}))
