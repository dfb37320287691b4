"""Gives places back that nobody needs: what agents hold is a hint that follows the interactions."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from services.routing.store import WaitingStore
from shared.storage.agents.agent_store import AgentStore


class PlaceAudit:
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
        found = frozenset(discrepancies(await self._agents.holdings(), await self._waiting.held()))
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


def discrepancies(
    taken: Mapping[str, AbstractSet[str]], held: Mapping[str, AbstractSet[str]]
) -> list[Discrepancy]:
    """Compare the places that agents have taken with what the interactions say."""
    found = []
    for agent_id in taken.keys() | held.keys():
        places, true = taken.get(agent_id, frozenset()), held.get(agent_id, frozenset())
        found += [Discrepancy(agent_id, one, is_missing=False) for one in places - true]
        found += [Discrepancy(agent_id, one, is_missing=True) for one in true - places]
    return found
