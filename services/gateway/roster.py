"""The agents as the gateway last saw them, so that not every request asks the database."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

from shared.domain.clock import Clock
from shared.storage.agents import AgentStore, StoredAgent, StoredLogin

_KEPT_FOR: Final = timedelta(seconds=5)
_MOST: Final = 10_000

Find = Callable[[str], Awaitable[StoredAgent | None]]


class Roster:
    """Agents by user name and by id, at most five seconds old."""

    def __init__(self, agents: AgentStore, clock: Clock) -> None:
        self._agents = agents
        self._clock = clock
        self._seen: dict[tuple[str, str], tuple[datetime, StoredAgent | None]] = {}

    async def named(self, user_name: str) -> StoredAgent | None:
        """Return the agent who logs in under a name."""
        return await self._recall(("name", user_name), self._agents.named)

    async def get(self, agent_id: str) -> StoredAgent | None:
        """Return an agent by id."""
        return await self._recall(("id", agent_id), self._agents.get)

    def forget(self, agent: StoredAgent | StoredLogin) -> None:
        """Read an agent anew when they are asked for next."""
        self._seen.pop(("id", agent.id), None)
        self._seen.pop(("name", agent.user_name), None)

    async def _recall(self, key: tuple[str, str], find: Find) -> StoredAgent | None:
        now = self._clock.now()
        if (known := self._seen.get(key)) and now - known[0] < _KEPT_FOR:
            return known[1]
        agent = await find(key[1])
        if len(self._seen) >= _MOST:
            self._seen.clear()
        # Nobody is remembered as somebody is: what takes how long tells no names.
        self._seen[key] = (now, agent)
        return agent
