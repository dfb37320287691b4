"""Revokes invitations that have ended, and those of agents who have gone."""

import asyncio
from datetime import datetime

from services.routing.assignment_events import returned_events
from services.routing.offers.queue_filler import QueueFiller
from services.routing.policy import Policy
from services.routing.store import Offer, WaitingStore
from shared.contracts.envelope import Cause
from shared.contracts.events import InvitationRevoked
from shared.domain.clock import Clock
from shared.domain.errors import OperationNotAllowedError
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import Operation, State
from shared.domain.routing.assignment import return_to_queue
from shared.storage.agents.agent_store import AgentStore
from shared.storage.agents.presence_store import PresenceStore
from shared.storage.interactions.interaction_store import Change, InteractionStore


class Revocations:
    """Revokes invitations. Any number of pods may do so at the same time."""

    def __init__(
        self,
        *,
        waiting: WaitingStore,
        interactions: InteractionStore,
        agents: AgentStore,
        presence: PresenceStore,
        filler: QueueFiller,
        clock: Clock,
        policy: Policy,
    ) -> None:
        self._waiting = waiting
        self._interactions = interactions
        self._agents = agents
        self._presence = presence
        self._filler = filler
        self._clock = clock
        self._policy = policy

    async def revoke_unanswered(self) -> int:
        """Revoke every invitation that has ended, and offer the interactions to other agents.

        An invitation counts as missed, and its agent is passed over, only if it was published
        and the agent was connected. Returns how many ended invitations were found.
        """
        until = self._clock.now() - self._policy.answer_grace
        unanswered = await self._waiting.unanswered(until)
        begun = await asyncio.gather(*(self._begin_of(one) for one in unanswered))
        # The sweep may be late: an agent's absence counts from the oldest of these offers on.
        since: dict[str, datetime] = {}
        for one, offered_at in zip(unanswered, begun, strict=True):
            since[one.agent_id] = min(offered_at, since.get(one.agent_id, offered_at))
        excused = await self._presence.excused(since)
        for one, offered_at in zip(unanswered, begun, strict=True):
            is_missed = one.is_published and one.agent_id not in excused
            revoked = await self._revoke(one, until, is_missed=is_missed)
            if revoked and is_missed:
                await self._count_miss(one, offered_at)
        return len(unanswered)

    async def revoke_all_of(self, agent_id: str) -> None:
        """Revoke every invitation of an agent who has gone, and offer those to other agents."""
        for offer in await self._waiting.offered_to(agent_id):
            await self._revoke(offer, None, is_missed=True)

    async def _revoke(self, offer: Offer, until: datetime | None, *, is_missed: bool) -> bool:
        """Revoke an open offer, with `until` only if it ended by then; say whether it was."""

        def decide(before: Interaction) -> Change:
            invitation, now = before.invitation, self._clock.now()
            if invitation is None or invitation.agent_id != offer.agent_id:
                raise OperationNotAllowedError("it was answered in the meantime")
            if until is not None and invitation.expires_at > until:
                # Extended in the meantime, or offered to the same agent again.
                raise OperationNotAllowedError("it ends later")
            after = return_to_queue(
                before,
                Operation.REVOKE,
                now,
                now + self._policy.exclusion if is_missed else None,
                to_sender=self._policy.returns_to_sender,
            )
            revoked = InvitationRevoked.of(after, offer.agent_id)
            return Change(after, [revoked, *returned_events(after)])

        try:
            after = await self._interactions.change(
                offer.interaction_id, Cause.about(offer.interaction_id), decide
            )
        except OperationNotAllowedError:
            return False
        await self._agents.release(offer.agent_id, after.id)
        if after.state is State.ACCEPTED and after.owner_id:
            await self._agents.hold(after.owner_id, after.id)
        self._filler.request(after.queue)
        return True

    async def _begin_of(self, offer: Offer) -> datetime:
        if offer.offered_at is not None:
            return offer.offered_at
        # An earlier release stored the end alone.
        agent = await self._agents.get(offer.agent_id)
        lasts = self._policy.invitation_of(agent.invitation if agent else None)
        return offer.expires_at - lasts * (1 + offer.extensions)

    async def _count_miss(self, offer: Offer, offered_at: datetime) -> None:
        misses = await self._agents.count_miss(offer.agent_id, offered_at)
        if 0 < self._policy.misses <= misses:
            await self._agents.set_ready(offer.agent_id, ready=False, reason="NotReady")
