"""Three agents on the running system, and the checks that are made when it has come to rest."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Final

import httpx2 as httpx

from deploy.local.servers.mongodb import LocalMongoDB
from deploy.local.servers.rabbitmq import LocalRabbitMQ
from tests.stateful.agent import CAPACITY, Agent
from tests.stateful.effects import Order, missing_effects
from tests.stateful.system_snapshot import (
    DONE,
    SystemSnapshot,
    misplaced,
    subjects,
    with_wrong_capabilities,
)
from tests.stateful.view import Message, differences
from tests.support import record_reader
from tests.support.systems.breakable_system import BreakableSystem, new_run
from tests.support.systems.mail_senders import MailSenders, message_ids
from tests.support.waiting import until

Server = LocalRabbitMQ | LocalMongoDB

IS_LONG: Final = "STATEFUL_RUNS" in os.environ
"""A long run has servers of its own, and kills them too."""

_PATIENCE: Final = 60.0
_LOOK_EVERY: Final = 0.02
_COLLECTIONS: Final = ("interactions", "deliveries", "documents", "uploads")


class Simulation:
    """One run of three agents, from an empty system on."""

    def __init__(
        self, breakable: BreakableSystem, agents: Iterable[Agent], servers: Mapping[str, Server]
    ) -> None:
        self.breakable = breakable
        self.servers = servers
        self.agents = {one.id: one for one in agents}
        self._someone = next(iter(self.agents.values()))
        self._senders: MailSenders = breakable.senders()
        self._run = new_run()
        self._mails: list[str] = []
        self._known: set[str] = set()
        self._ended: dict[str, Message] = {}
        self.tally: Counter[str] = Counter()
        self.snapshot = SystemSnapshot({}, {})

    async def clear(self) -> None:
        """Log all agents out and delete all mail."""
        for agent in self.agents.values():
            await agent.become("EndContactCenterSession")
        await self.rest()
        database = self.breakable.database
        for name in _COLLECTIONS:
            await database[name].delete_many({})
        await database["agents"].update_many(
            {}, [{"$set": {"holding": [], "free": "$capacity", "misses": 0}}]
        )
        self._run, self._mails, self._known, self._ended = new_run(), [], set(), {}
        for agent in self.agents.values():
            agent.listener.forget()
        await self.rest()

    async def mail(self) -> None:
        """Hand a mail in and wait until it is accepted."""
        (mail,) = message_ids(f"{len(self._mails)}.{self._run}", 1)
        await self._senders.hand_in([mail])
        self._mails.append(f"About {mail.strip('<>')}")

    def expect(self, interaction_id: str | None) -> None:
        """Note that there has to be an interaction of this id from now on."""
        if interaction_id is not None:
            self._known.add(interaction_id)

    async def rest(self, order: Order | None = None, answer: Message | None = None) -> None:
        """Return when nothing is under way any more and an order has had its effect.

        Raises:
            AssertionError: It does not come to that; says what is missing.
        """
        missing: list[str] = []

        async def is_over() -> bool:
            missing[:] = await self._pending(order, answer or {})
            return not missing

        assert await until(is_over, _PATIENCE, every=_LOOK_EVERY), "\n".join(missing)

    async def check(self) -> None:
        """Make sure of everything that has to hold at rest.

        Raises:
            AssertionError: It does not; says what.
        """
        await asyncio.gather(*(agent.listener.catch_up() for agent in self.agents.values()))
        self.snapshot = await self.read()
        found = [
            f"{agent.name} {words}"
            for agent in self.agents.values()
            for words in differences(agent.view.desk, self.snapshot.desks[agent.id])
        ]
        found += misplaced(self.snapshot) + with_wrong_capabilities(self.snapshot)
        assert not found, "\n".join(found)

    async def read(self) -> SystemSnapshot:
        """Read where everything is. What has come to an end is read once."""
        snapshot, bins = await asyncio.gather(self._read_work(), self._bins())
        return replace(snapshot, bins=bins, open_to=self._open_to())

    async def _read_work(self) -> SystemSnapshot:
        """Read where everything is, without looking into workbins."""
        listed, desks = await asyncio.gather(self._listed(), self._desks())
        self._known |= listed.keys()
        gone = sorted(self._known - listed.keys())
        unread = [one for one in gone if one not in self._ended]
        read = await asyncio.gather(*(self.look_at(one) for one in unread))
        ended = dict(zip(unread, read, strict=True))
        self._ended |= {one: found for one, found in ended.items() if found["state"] in DONE}
        known = {one: self._ended[one] for one in gone if one in self._ended}
        return SystemSnapshot(listed, desks, ended={**ended, **known})

    async def look_at(self, interaction_id: str) -> Message:
        """Return an interaction as anybody may see it."""
        found = await self._someone.read(f"/interactions/{interaction_id}")
        interaction: Message = found["interaction"]
        return interaction

    async def _pending(self, order: Order | None, answer: Message) -> list[str]:
        if await record_reader.has_unpublished(self.breakable.database):
            return ["something waits to be announced"]
        snapshot = await self._read_work()
        arrived = subjects(snapshot)
        found = [f"{one} arrived {arrived[one]} times" for one in self._mails if arrived[one] != 1]
        found += [f"{one} is being sent" for one in snapshot if snapshot.state(one) == "Sending"]
        found += self._offers(snapshot)
        return found + (missing_effects(order, answer, snapshot) if order else [])

    def _offers(self, snapshot: SystemSnapshot) -> list[str]:
        """Say what is not yet offered to somebody who is free, or still to somebody who left."""
        free = [one for one in self.agents.values() if one.ready and _room(one, snapshot) > 0]
        waiting = [
            f"{one} waits although an agent is free"
            for one, message in snapshot.listed.items()
            if message["state"] == "Queued"
            and any(message["currentQueue"] in agent.queues for agent in free)
        ]
        return waiting + [
            f"{one} is offered to {agent.name}, who has gone"
            for agent in self.agents.values()
            if not agent.logged_in
            for one, message in snapshot.desks[agent.id].items()
            if message["state"] == "Invited"
        ]

    async def _listed(self) -> Mapping[str, Message]:
        found = await self._someone.read("/interactions?fields=*")
        assert "hasMore" not in found
        return _by_id(found["interactions"])

    async def _desks(self) -> Mapping[str, Mapping[str, Message]]:
        agents = self.agents.values()
        read = await asyncio.gather(*(one.read("/me/interactions?fields=*") for one in agents))
        return {
            agent.id: _by_id(found["interactions"])
            for agent, found in zip(agents, read, strict=True)
        }

    async def _bins(self) -> Mapping[str, Mapping[str, Message]]:
        read = await asyncio.gather(
            *(
                next(one for one in self.agents.values() if one.id in readers).read(
                    f"/me/workbins/{name}"
                )
                for name, readers in self._open_to().items()
            )
        )
        return {
            name: _by_id(found["interactions"])
            for name, found in zip(self._open_to(), read, strict=True)
        }

    def _open_to(self) -> Mapping[str, frozenset[str]]:
        """Return the agents who may look into each workbin."""
        agents = self.agents.values()
        names = {name for agent in agents for name in agent.bins}
        return {
            name: frozenset(agent.id for agent in agents if name in agent.bins)
            for name in sorted(names)
        }


def _by_id(messages: Iterable[Message]) -> dict[str, Message]:
    return {one["id"]: one for one in messages}


def _room(agent: Agent, snapshot: SystemSnapshot) -> int:
    """Return how many more an agent can be offered: a draft, once accepted, takes no place."""
    desk = snapshot.desks[agent.id].values()
    return CAPACITY - sum(one["state"] in {"Invited", "Accepted"} for one in desk)


@asynccontextmanager
async def open_simulation(
    breakable: BreakableSystem, names: Mapping[str, frozenset[str]], servers: Mapping[str, Server]
) -> AsyncIterator[Simulation]:
    """Give a simulation whose agents listen.

    `names` maps each agent to the queues that it serves, `servers` are those that may be killed.
    """
    async with AsyncExitStack() as stack:
        agents = []
        for name, queues in names.items():
            client = httpx.AsyncClient(
                base_url=breakable.system.gateway_url, auth=(name, name), timeout=30
            )
            await stack.enter_async_context(client)
            agents.append(await Agent.log_in(name, queues, client))
        for agent in agents:
            await stack.enter_async_context(agent.listener.listening())
        yield Simulation(breakable, agents, servers)
