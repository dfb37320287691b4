"""Corrects the places that agents' documents list where they differ from the interactions."""

import asyncio
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from services.routing.store import WaitingStore
from shared.storage.agents.agent_store import AgentStore


class PlaceAudit:
    """Compares the agents' places with the interactions, which decide."""

    def __init__(self, *, waiting: WaitingStore, agents: AgentStore) -> None:
        self._waiting = waiting
        self._agents = agents
        self._suspected: frozenset[Discrepancy] = frozenset()

    async def audit_places(self) -> int:
        """Correct places that differ from the interactions twice in a row; return how many.

        Places are written apart from interactions, so a crash between the two writes leaves one
        taken or missing. A difference seen once may be an invitation that is being written.
        """
        taken, held = await asyncio.gather(self._agents.holdings(), self._waiting.held())
        found = frozenset(discrepancies(taken, held))
        lasting = found & self._suspected
        self._suspected = found - lasting
        for one in lasting:
            await (self._agents.hold if one.is_missing else self._agents.release)(
                one.agent_id, one.interaction_id
            )
        return len(lasting)


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """A place that an agent's document lacks, or lists without an interaction."""

    agent_id: str
    interaction_id: str
    is_missing: bool


def discrepancies(
    taken: Mapping[str, AbstractSet[str]], held: Mapping[str, AbstractSet[str]]
) -> list[Discrepancy]:
    """Return where the places that agents' documents list differ from the interactions."""
    found = []
    for agent_id in taken.keys() | held.keys():
        listed, actual = taken.get(agent_id, frozenset()), held.get(agent_id, frozenset())
        found += [Discrepancy(agent_id, one, is_missing=False) for one in listed - actual]
        found += [Discrepancy(agent_id, one, is_missing=True) for one in actual - listed]
    return found
