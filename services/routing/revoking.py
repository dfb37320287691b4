"""Takes invitations back, because their time is up or because their agent has gone."""

from services.routing.announcements import back_again
from services.routing.offering import Offering
from services.routing.policy import Policy
from services.routing.store import WaitingStore
from shared.contracts.envelope import Cause
from shared.contracts.events import InvitationRevoked
from shared.domain.clock import Clock
from shared.domain.errors import OperationNotAllowedError
from shared.domain.handovers import put_back
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import Operation, State
from shared.storage.agents import AgentStore
from shared.storage.interactions import Change, InteractionStore


class Revoking:
    """Ends invitations. Any number of pods may do so at once."""

    def __init__(
        self,
        *,
        waiting: WaitingStore,
        interactions: InteractionStore,
        agents: AgentStore,
        offering: Offering,
        clock: Clock,
        policy: Policy,
    ) -> None:
        self._waiting = waiting
        self._interactions = interactions
        self._agents = agents
        self._offering = offering
        self._clock = clock
        self._policy = policy

    async def revoke_unanswered(self) -> int:
        """Revoke every invitation whose time is up and offer the interactions to others."""
        unanswered = await self._waiting.unanswered(self._clock.now())
        queues = set()
        for interaction_id in unanswered:
            if revoked := await self._revoke(interaction_id, None):
                agent_id, after = revoked
                queues.add(after.queue)
                await self._count_miss(agent_id)
        for queue in queues:
            await self._offering.fill(queue)
        return len(unanswered)

    async def revoke_all_of(self, agent_id: str) -> None:
        """Revoke what is offered to an agent who has gone, and offer it to others."""
        queues = set()
        for interaction_id in await self._waiting.offered_to(agent_id):
            if revoked := await self._revoke(interaction_id, agent_id):
                queues.add(revoked[1].queue)
        for queue in queues:
            await self._offering.fill(queue)

    async def _revoke(
        self, interaction_id: str, gone_id: str | None
    ) -> tuple[str, Interaction] | None:
        invited: list[str] = []

        def decide(before: Interaction) -> Change:
            invitation, now = before.invitation, self._clock.now()
            if invitation is None:
                raise OperationNotAllowedError("it was answered in the meantime")
            if invitation.expires_at > now and invitation.agent_id != gone_id:
                raise OperationNotAllowedError("it stands for somebody else")
            invited[:] = [invitation.agent_id]
            after = put_back(
                before,
                Operation.REVOKE,
                now,
                now + self._policy.exclusion,
                to_sender=self._policy.returns_to_sender,
            )
            revoked = InvitationRevoked.of(after, invitation.agent_id)
            return Change(after, [revoked, *back_again(after)])

        try:
            after = await self._interactions.change(
                interaction_id, Cause.about(interaction_id), decide
            )
        except OperationNotAllowedError:
            return None
        await self._agents.release(invited[0], interaction_id)
        if after.state is State.ACCEPTED and after.owner_id:
            await self._agents.hold(after.owner_id, interaction_id)
        return invited[0], after

    async def _count_miss(self, agent_id: str) -> None:
        misses = await self._agents.miss(agent_id)
        if 0 < self._policy.misses <= misses:
            await self._agents.set_ready(agent_id, ready=False, reason="NotReady")
