"""Agents and their logins, cached for a few seconds: not every request reads the database."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from shared.bayeux.ttl_cache import TtlCache
from shared.domain.clock import Clock
from shared.storage.agents.agent_login_store import AgentLoginStore, StoredLogin
from shared.storage.agents.agent_store import AgentStore, StoredAgent


@dataclass(frozen=True, slots=True)
class AgentAccount:
    """An agent and their login.

    User name, roles and `enabled` of `agent` are those of the login.
    """

    agent: StoredAgent
    login: StoredLogin


Find = Callable[[str], Awaitable[AgentAccount | None]]


class AgentCache:
    """Accounts by user name and by id, at most a few seconds old."""

    def __init__(self, agents: AgentStore, logins: AgentLoginStore, clock: Clock) -> None:
        self._agents = agents
        self._logins = logins
        self._clock = clock
        # Unknown names are cached as well: response times do not tell which names exist.
        self._seen = TtlCache[tuple[str, str], AgentAccount | None]()

    async def named(self, user_name: str) -> AgentAccount | None:
        """Return the account with a user name; None where there is none."""
        return await self._get_cached(("name", user_name), self._find_named)

    async def get(self, agent_id: str) -> AgentAccount | None:
        """Return the account of an agent; None where there is none."""
        return await self._get_cached(("id", agent_id), self._find)

    async def end_logins(self, agent: StoredAgent) -> None:
        """End all sessions that an agent has begun."""
        await self._logins.end(agent.id)
        self.forget(agent)

    def forget(self, agent: StoredAgent | StoredLogin) -> None:
        """Drop an agent from the cache: the next call reads the database."""
        self._seen.forget(("id", agent.id))
        self._seen.forget(("name", agent.user_name))

    async def _get_cached(self, key: tuple[str, str], find: Find) -> AgentAccount | None:
        now = self._clock.now().timestamp()
        if known := self._seen.recall(key, now=now):
            return known.value
        account = await find(key[1])
        self._seen.put(key, account, now=now)
        return account

    async def _find(self, agent_id: str) -> AgentAccount | None:
        return _to_account(
            *await asyncio.gather(self._logins.get(agent_id), self._agents.get(agent_id))
        )

    async def _find_named(self, user_name: str) -> AgentAccount | None:
        # Both at once, also for an unknown name: it takes as long as a known one.
        login, agent = await asyncio.gather(
            self._logins.named(user_name), self._agents.named(user_name)
        )
        if login and (agent is None or agent.id != login.id):
            agent = await self._agents.get(login.id)
        return _to_account(login, agent)


def _to_account(login: StoredLogin | None, agent: StoredAgent | None) -> AgentAccount | None:
    """Return both as one account; fields that both have are taken from the login."""
    if login is None or agent is None:
        return None
    known = replace(agent, user_name=login.user_name, roles=login.roles, enabled=login.enabled)
    return AgentAccount(known, login)
