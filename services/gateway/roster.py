"""The agents as the gateway last saw them, so that not every request asks the database."""

from collections.abc import Awaitable, Callable

from shared.domain.clock import Clock
from shared.short_memory import ShortMemory
from shared.storage.agents import AgentStore, StoredAgent, StoredLogin

Find = Callable[[str], Awaitable[StoredAgent | None]]


class Roster:
    """Agents by user name and by id, as they are or were a few seconds ago."""

    def __init__(self, agents: AgentStore, clock: Clock) -> None:
        self._agents = agents
        self._clock = clock
        # Nobody is remembered as somebody is: what takes how long tells no names.
        self._seen = ShortMemory[tuple[str, str], StoredAgent | None]()

    async def named(self, user_name: str) -> StoredAgent | None:
        """Return the agent who logs in under a name."""
        return await self._recall(("name", user_name), self._agents.named)

    async def get(self, agent_id: str) -> StoredAgent | None:
        """Return an agent by id."""
        return await self._recall(("id", agent_id), self._agents.get)

    async def end_logins(self, agent: StoredAgent) -> None:
        """End every login of an agent that has begun."""
        await self._agents.end_logins(agent.id)
        self.forget(agent)

    def forget(self, agent: StoredAgent | StoredLogin) -> None:
        """Read an agent anew when they are asked for next."""
        self._seen.forget(("id", agent.id))
        self._seen.forget(("name", agent.user_name))

    async def _recall(self, key: tuple[str, str], find: Find) -> StoredAgent | None:
        now = self._clock.now().timestamp()
        if known := self._seen.recall(key, now=now):
            return known.value
        agent = await find(key[1])
        self._seen.keep(key, agent, now=now)
        return agent
