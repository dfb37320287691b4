"""The needs of waiting mails for which no agent of a queue is free, as one pass learns of them."""

from collections.abc import Iterable, Mapping

from services.routing.store import MOST_NEEDS, WaitingStore
from shared.domain.interaction import Interaction
from shared.domain.queue_rank import needs_key
from shared.domain.routing.agent_search import AgentSearch
from shared.storage.agents.agent_store import AgentStore

Skills = Mapping[str, int]


class UnmetNeeds:
    """Learns from a mail that found nobody which others of its queue would find nobody either.

    The sets of needs in the queue are read once, when the first mail finds nobody; the skills of
    the free agents each time that one does. Between two such times an agent was reserved, or the
    search was for one set more, so a pass reads no more often than it offers and there are sets.

    Strangers' words may make many sets. The first 190 are told apart by the database. Mails of
    further ones are read, and passed over without a search for an agent.
    """

    def __init__(self, waiting: WaitingStore, agents: AgentStore) -> None:
        self._waiting = waiting
        self._agents = agents
        self._sets: Mapping[str, Skills] | None = None
        self._free: list[Skills] = []
        self._unmet: set[str] = set()

    def __len__(self) -> int:
        return len(self._unmet)

    def include(self, interaction: Interaction) -> bool:
        """Say whether an interaction needs what no agent had who was free when it was looked up."""
        if not self._unmet or not interaction.needs:
            return False
        is_met = _is_met(interaction.needs, self._free)
        return not is_met or needs_key(interaction.needs) in self._unmet

    async def learn(self, untaken: Interaction, search: AgentSearch) -> None:
        """Note the needs of `untaken`, for which nobody was found, and all that are unmet now.

        `search` is for any agent of the queue.
        """
        if self._sets is None:
            self._sets = await self._waiting.sets_of_needs(untaken.queue)
        self._free = await self._agents.skills_of_free(search)
        self._unmet.add(needs_key(untaken.needs))
        self._unmet.update(
            key for key, needs in self._sets.items() if not _is_met(needs, self._free)
        )

    def met(self) -> set[str] | None:
        """Return the keys of the sets that may be met; None where not all of them are known."""
        if self._sets is None or len(self._sets) > MOST_NEEDS:
            return None
        return self._sets.keys() - self._unmet

    def unmet(self) -> set[str]:
        """Return the keys of the sets that are unmet."""
        return set(self._unmet)


def _is_met(needs: Skills, free: Iterable[Skills]) -> bool:
    return any(
        all(skills.get(skill, 0) >= level for skill, level in needs.items()) for skills in free
    )
