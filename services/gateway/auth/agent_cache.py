"""The agents as the gateway last saw them, so that not every request asks the database."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from shared.bayeux.ttl_cache import TtlCache
from shared.domain.clock import Clock
from shared.storage.agents.agent_login_store import AgentLoginStore, StoredLogin
from shared.storage.agents.agent_store import AgentStore, StoredAgent


@dataclass(frozen=True, slots=True)
class Member:
    """An agent and their login, which says what the agent is called and may."""

    agent: StoredAgent
    login: StoredLogin


Find = Callable[[str], Awaitable[Member | None]]


class AgentCache:
    """Agents by user name and by id, as they are or were a few seconds ago."""

    def __init__(self, agents: AgentStore, logins: AgentLoginStore, clock: Clock) -> None:
        self._agents = agents
        self._logins = logins
        self._clock = clock
        # Nobody is remembered as somebody is: what takes how long tells no names.
        self._seen = TtlCache[tuple[str, str], Member | None]()

    async def named(self, user_name: str) -> Member | None:
        """Return the agent who logs in under a name."""
        return await self._recall(("name", user_name), self._find_named)

    async def get(self, agent_id: str) -> Member | None:
        """Return an agent by id."""
        return await self._recall(("id", agent_id), self._find)

    async def end_logins(self, agent: StoredAgent) -> None:
        """End every login of an agent that has begun."""
        await self._logins.end(agent.id)
        self.forget(agent)

    def forget(self, agent: StoredAgent | StoredLogin) -> None:
        """Read an agent anew when they are asked for next."""
        self._seen.forget(("id", agent.id))
        self._seen.forget(("name", agent.user_name))

    async def _recall(self, key: tuple[str, str], find: Find) -> Member | None:
        now = self._clock.now().timestamp()
        if known := self._seen.recall(key, now=now):
            return known.value
        member = await find(key[1])
        self._seen.keep(key, member, now=now)
        return member

    async def _find(self, agent_id: str) -> Member | None:
        return _member(
            *await asyncio.gather(self._logins.get(agent_id), self._agents.get(agent_id))
        )

    async def _find_named(self, user_name: str) -> Member | None:
        # Both at once, also where there is no login: nobody takes as long as somebody.
        login, agent = await asyncio.gather(
            self._logins.named(user_name), self._agents.named(user_name)
        )
        if login and (agent is None or agent.id != login.id):
            agent = await self._agents.get(login.id)
        return _member(login, agent)


def _member(login: StoredLogin | None, agent: StoredAgent | None) -> Member | None:
    """Return both, where there are both; of what both say the login counts."""
    if login is None or agent is None:
        return None
    known = replace(agent, user_name=login.user_name, roles=login.roles, enabled=login.enabled)
    return Member(known, login)
