"""Reclaims work from agents who are logged out, disconnected or idle (api 4.1, 4.2)."""

import asyncio
from collections.abc import Mapping

from services.routing.offers.queue_filler import QueueFiller
from services.routing.policy import Policy
from services.routing.store import WaitingStore
from services.routing.sweeps.revocations import Revocations
from shared.contracts.envelope import Cause
from shared.contracts.events import AgentNotReady, WorkbinItemAdded, WorkReclaimed
from shared.domain.clock import Clock
from shared.domain.errors import ChangedMeanwhileError, OperationNotAllowedError
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import State
from shared.domain.routing.assignment import reclaim
from shared.storage.agents.agent_store import AgentStore
from shared.storage.agents.presence_store import PresenceStore
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.interactions.interaction_store import Change, InteractionStore


class AbsentAgents:
    """Revokes the invitations of absent agents and reclaims their work."""

    def __init__(  # noqa: PLR0913 - every dependency is passed by name
        self,
        *,
        waiting: WaitingStore,
        interactions: InteractionStore,
        agents: AgentStore,
        presence: PresenceStore,
        configuration: ConfigurationStore,
        revocations: Revocations,
        filler: QueueFiller,
        clock: Clock,
        policy: Policy,
    ) -> None:
        self._waiting = waiting
        self._interactions = interactions
        self._agents = agents
        self._presence = presence
        self._configuration = configuration
        self._revocations = revocations
        self._filler = filler
        self._clock = clock
        self._policy = policy

    async def handle_not_ready(self, event: AgentNotReady) -> None:
        """Revoke the offers to an agent who logged out, or by policy to one who is NotReady."""
        if event.logged_out or self._policy.revokes_when_not_ready:
            await self._revocations.revoke_all_of(event.agent_id)

    async def reclaim_from_absent(self) -> None:
        """Make agents without a connection NotReady; reclaim the work of those who stay away."""
        # Few agents own work, and most logged-out agents own none: ask about the owners only.
        lost, workers = await asyncio.gather(
            self._presence.disconnected(self._policy.connection_loss, ready=True),
            self._waiting.workers(),
        )
        for agent_id in lost:
            await self._agents.set_ready(agent_id, ready=False, reason="ConnectionLost")
            await self._revocations.revoke_all_of(agent_id)
        gone, logged_out = await asyncio.gather(
            self._presence.disconnected(self._policy.absence, ready=False),
            self._presence.logged_out(workers, self._policy.absence),
        )
        for agent_id in gone:
            await self._agents.set_ready(agent_id, ready=False, logged_in=False)
        if gone or logged_out:
            await self._reclaim(await self._waiting.worked_on_by([*gone, *logged_out]))

    async def reclaim_untouched(self) -> None:
        """Reclaim work that nobody has changed for as long as the policy's `idle`."""
        await self._reclaim(await self._waiting.untouched(self._clock.now() - self._policy.idle))

    async def _reclaim(self, found: Mapping[str, int]) -> None:
        """Reclaim interactions that still have the found version: other pods sweep as well."""
        workbin = (await self._configuration.current()).draft_workbin
        queues = set()
        for interaction_id, version in found.items():
            after = await self._reclaim_one(interaction_id, version, workbin)
            if after is not None and after.state is State.QUEUED:
                queues.add(after.queue)
        for queue in queues:
            self._filler.request(queue)

    async def _reclaim_one(
        self, interaction_id: str, version: int, workbin: str
    ) -> Interaction | None:
        owner: list[str] = []

        def decide(before: Interaction) -> Change:
            after, agent_id = reclaim(before, workbin), before.owner_id or ""
            # A lost comparison calls this again: the owner of the last call counts.
            owner[:] = [agent_id]
            kept = [WorkbinItemAdded.at(after, after.place)] if after.place else []
            return Change(after, [WorkReclaimed.of(after, agent_id), *kept])

        try:
            after = await self._interactions.change(
                interaction_id,
                Cause.about(interaction_id),
                decide,
                expected_version=version,
            )
        except (OperationNotAllowedError, ChangedMeanwhileError):
            return None
        await self._agents.release(owner[0], interaction_id)
        return after
