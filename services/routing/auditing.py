"""Gives places back that nobody needs: what agents hold is a hint that follows the interactions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.routing.store import WaitingStore
from shared.storage.agents import AgentStore, StoredAgent


class Auditing:
    """Compares the places that agents have taken with the interactions, which are the truth."""

    def __init__(self, *, waiting: WaitingStore, agents: AgentStore) -> None:
        self._waiting = waiting
        self._agents = agents
        self._suspected: frozenset[Discrepancy] = frozenset()

    async def audit_places(self) -> int:
        """Mend places that do not follow the interactions; return how many were mended.

        What an agent holds is written apart from the interactions, so a crash between the two
        can leave a place taken, or too many free. A difference counts only when it is seen twice,
        because between reserving and inviting there is one.
        """
        found = frozenset(discrepancies(await self._agents.everyone(), await self._waiting.held()))
        lasting = found & self._suspected
        self._suspected = found - lasting
        for one in lasting:
            await (self._agents.hold if one.is_missing else self._agents.release)(
                one.agent_id, one.interaction_id
            )
        return len(lasting)


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """A place that is missing, or taken without need."""

    agent_id: str
    interaction_id: str
    is_missing: bool


def discrepancies(agents: Iterable[StoredAgent], held: Mapping[str, set[str]]) -> list[Discrepancy]:
    """Compare the places that agents have taken with what the interactions say."""
    found = []
    for agent in agents:
        taken, true = set(agent.holding), held.get(agent.id, set())
        found += [Discrepancy(agent.id, one, is_missing=False) for one in taken - true]
        found += [Discrepancy(agent.id, one, is_missing=True) for one in true - taken]
    return found
