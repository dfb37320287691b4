"""A crowd that mails and agents who answer, while a test breaks things; then the accounts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Final

from tests.faults import archive
from tests.faults.checker import Books, check
from tests.faults.clerk import Clerk, clerk_at_work
from tests.faults.house import House, new_run, until
from tests.faults.senders import message_ids

_CONNECTIONS: Final = 8
_AGENTS: Final = ("agent1", "agent2")
_PATIENCE: Final = 90.0


class Load:
    """Mails on their way; agents' news are counted, so that a test strikes where it wants to."""

    def __init__(self, house: House, clerks: list[Clerk]) -> None:
        self.run = new_run()
        self._house = house
        self._senders = house.senders()
        self._clerks = clerks
        self._messages = 0
        self._news = asyncio.Event()
        self.handing_in: asyncio.Task[None] | None = None

    def note_news(self) -> None:
        """Count a message that an agent was told."""
        self._messages += 1
        self._news.set()

    async def told(self, messages: int) -> None:
        """Return when agents have been told so many messages more."""
        goal = self._messages + messages
        async with asyncio.timeout(_PATIENCE):
            while self._messages < goal:
                self._news.clear()
                await self._news.wait()

    async def hand_in(self, mails: int) -> None:
        """Return when every mail was accepted."""
        await self._senders.hand_in(message_ids(self.run, mails), _CONNECTIONS)

    async def balance(self) -> Books:
        """Return the accounts when nothing is missing any more, or patience has come to its end."""
        if self.handing_in is not None:
            await self.handing_in
        await until(self._is_over, _PATIENCE)
        return await self._books()

    async def _is_over(self) -> bool:
        return not check(await self._books()) and not await archive.owes(self._house.database)

    async def _books(self) -> Books:
        found = await self._house.books(self.run, self._senders.answers)
        return replace(
            found,
            told={
                one: frozenset().union(*(clerk.told[one] for clerk in self._clerks))
                for one in found.ends
            },
        )


@asynccontextmanager
async def under_load(house: House, mails: int) -> AsyncIterator[Load]:
    """Have `mails` handed in and answered; agents go on working until the block ends."""
    clerks: list[Clerk] = []
    load = Load(house, clerks)
    async with AsyncExitStack() as stack:
        for agent in _AGENTS:
            at_work = clerk_at_work(house.system.gateway_url, agent, load.note_news)
            clerks.append(await stack.enter_async_context(at_work))
        async with asyncio.TaskGroup() as group:
            load.handing_in = group.create_task(load.hand_in(mails))
            yield load
