"""Takes invitations back that nobody answered, and gives places back that nobody needs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from services.routing.offering import Offering
from services.routing.store import WaitingStore
from shared.contracts.envelope import Cause
from shared.contracts.events import InvitationRevoked
from shared.domain.clock import Clock
from shared.domain.errors import OperationNotAllowedError
from shared.domain.interaction import Interaction, put_back
from shared.domain.lifecycle import Operation
from shared.storage.agents import AgentStore, StoredAgent
from shared.storage.interactions import Change, InteractionStore


class TakingBack:
    """The deadlines of invitations. Any number of pods may look at them at once."""

    def __init__(
        self,
        *,
        waiting: WaitingStore,
        interactions: InteractionStore,
        agents: AgentStore,
        offering: Offering,
        clock: Clock,
        exclusion: timedelta,
    ) -> None:
        self._waiting = waiting
        self._interactions = interactions
        self._agents = agents
        self._offering = offering
        self._clock = clock
        self._exclusion = exclusion
        self._suspected: frozenset[Discrepancy] = frozenset()

    async def revoke_unanswered(self) -> int:
        """Revoke every invitation whose time is up and offer the interactions to others."""
        unanswered = await self._waiting.unanswered(self._clock.now())
        queues = {queue for one in unanswered if (queue := await self._revoke(one))}
        for queue in queues:
            await self._offering.fill(queue)
        return len(unanswered)

    async def _revoke(self, interaction_id: str) -> str | None:
        missed: list[str] = []

        def decide(before: Interaction) -> Change:
            invitation = before.invitation
            now = self._clock.now()
            if invitation is None or invitation.expires_at > now:
                raise OperationNotAllowedError("it was answered in the meantime")
            missed[:] = [invitation.agent_id]
            after = put_back(before, Operation.REVOKE, now, now + self._exclusion)
            return Change(after, [InvitationRevoked.of(after, invitation.agent_id)])

        try:
            after = await self._interactions.change(
                interaction_id, Cause.about(interaction_id), decide
            )
        except OperationNotAllowedError:
            return None
        await self._agents.release(missed[0], interaction_id)
        return after.queue

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
