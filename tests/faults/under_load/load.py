"""Mails that are handed in and answered while a test breaks things, and the record afterwards."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Final

from tests.faults.under_load.working_agent import WorkingAgent, working_agent
from tests.support import record_reader
from tests.support.record_checker import RunRecord, check
from tests.support.systems.breakable_system import BreakableSystem, new_run
from tests.support.systems.mail_senders import message_ids
from tests.support.waiting import until

_CONNECTIONS: Final = 8
_AGENTS: Final = ("agent1", "agent2")
_PATIENCE: Final = 90.0


class Load:
    """Mails on their way. It counts what agents are told, so that a test chooses when to strike."""

    def __init__(self, breakable: BreakableSystem, agents: list[WorkingAgent]) -> None:
        self.run = new_run()
        self._breakable = breakable
        self._senders = breakable.senders()
        self._agents = agents
        self._messages = 0
        self._news = asyncio.Event()
        self.handing_in: asyncio.Task[None] | None = None

    def note_news(self) -> None:
        """Count a message to an agent."""
        self._messages += 1
        self._news.set()

    async def told(self, messages: int) -> None:
        """Return after so many more messages to agents."""
        await self.told_in_all(self._messages + messages)

    async def told_in_all(self, messages: int) -> None:
        """Return after so many messages to agents since the run began.

        While a service stops, a quick machine may finish most of the mails.
        """
        async with asyncio.timeout(_PATIENCE):
            while self._messages < messages:
                self._news.clear()
                await self._news.wait()

    async def hand_in(self, mails: int) -> None:
        """Return when every mail was accepted."""
        await self._senders.hand_in(message_ids(self.run, mails), _CONNECTIONS)

    async def finish(self) -> RunRecord:
        """Return the record once nothing is missing, after 90 seconds at the latest."""
        if self.handing_in is not None:
            await self.handing_in
        await until(self._is_over, _PATIENCE)
        return await self._record()

    async def _is_over(self) -> bool:
        return not check(await self._record()) and not await record_reader.has_unpublished(
            self._breakable.database
        )

    async def _record(self) -> RunRecord:
        found = await self._breakable.record(self.run, self._senders.answers)
        return replace(
            found,
            told={
                one: frozenset().union(*(agent.told[one] for agent in self._agents))
                for one in found.ends
            },
        )


@asynccontextmanager
async def under_load(breakable: BreakableSystem, mails: int) -> AsyncIterator[Load]:
    """Have `mails` handed in and answered; agents go on working until the block ends."""
    agents: list[WorkingAgent] = []
    load = Load(breakable, agents)
    async with AsyncExitStack() as stack:
        for agent in _AGENTS:
            at_work = working_agent(breakable.system.gateway_url, agent, load.note_news)
            agents.append(await stack.enter_async_context(at_work))
        async with asyncio.TaskGroup() as group:
            load.handing_in = group.create_task(load.hand_in(mails))
            yield load
