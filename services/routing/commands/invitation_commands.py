"""The commands of agents about an invitation or their work: accept, reject, complete, edit."""

from datetime import datetime

from services.routing.assignment_events import assigned_event, returned_events
from services.routing.offers.queue_filler import QueueFiller
from services.routing.policy import Policy
from shared.contracts.commands import (
    AcceptInvitation,
    ChangeUserData,
    CompleteInteraction,
    ExtendInvitation,
    RejectInvitation,
)
from shared.contracts.envelope import Cause
from shared.contracts.events import (
    InteractionCompleted,
    InvitationExtended,
    InvitationRejected,
    InvitationRevoked,
    PropertiesUpdated,
)
from shared.domain.clock import Clock
from shared.domain.errors import Refused
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import Operation, State
from shared.domain.routing.assignment import accept, extend_offer, return_to_queue
from shared.domain.user_data import change_user_data
from shared.storage.agents.agent_store import AgentStore
from shared.storage.interactions.interaction_store import Change, InteractionStore


class InvitationCommands:
    """One method for each command. Each writes the interaction, then adjusts the agents' places.

    Each may run again after a crash: the interaction is changed once, and taking or giving back
    a place twice has the effect of once.
    """

    def __init__(
        self,
        *,
        interactions: InteractionStore,
        agents: AgentStore,
        filler: QueueFiller,
        clock: Clock,
        policy: Policy,
    ) -> None:
        self._interactions = interactions
        self._agents = agents
        self._filler = filler
        self._clock = clock
        self._policy = policy

    async def accept(self, command: AcceptInvitation, cause: Cause, given_at: datetime) -> None:
        """Give the interaction to the agent who accepted it while it was offered.

        `given_at` is when the gateway took the command.
        """
        holders: list[str | None] = []

        def decide(before: Interaction) -> Change:
            after = accept(before, command.agent_id, given_at)
            # A lost comparison calls this again: what an earlier call found must not stay.
            holders[:] = {before.holder_id} - {command.agent_id}
            revoked = [InvitationRevoked.of(after, one) for one in holders if one]
            return Change(after, [assigned_event(after, command.agent_id), *revoked])

        after = await self._interactions.change(
            command.interaction_id, cause, decide, expected_version=command.expected_version
        )
        for holder in holders:
            # The offer had ended before this Accept was handled: the agent's place was given
            # back, and another agent may hold one for the next offer.
            if holder:
                await self._agents.release(holder, command.interaction_id)
            await self._agents.hold(command.agent_id, command.interaction_id)
        if after.state is not State.ACCEPTED:
            # Drafts do not count against an agent's capacity.
            await self._agents.release(command.agent_id, command.interaction_id)
        await self._agents.reset_misses(command.agent_id)

    async def reject(self, command: RejectInvitation, cause: Cause) -> None:
        """Put the interaction back at its old place in the queue, and offer it to other agents.

        A transfer returns to its sender where the policy says so.
        """

        def decide(before: Interaction) -> Change:
            before.require_holder(command.agent_id, Operation.REJECT)
            now = self._clock.now()
            after = return_to_queue(
                before,
                Operation.REJECT,
                now,
                now + self._policy.exclusion,
                to_sender=self._policy.returns_to_sender,
            )
            rejected = InvitationRejected.of(after, command.agent_id)
            return Change(after, [rejected, *returned_events(after)])

        after = await self._interactions.change(
            command.interaction_id, cause, decide, expected_version=command.expected_version
        )
        await self._agents.release(command.agent_id, command.interaction_id)
        if after.state is State.ACCEPTED and after.owner_id:
            await self._agents.hold(after.owner_id, after.id)
        self._filler.request(after.queue)
        await self._agents.reset_misses(command.agent_id)

    async def extend(self, command: ExtendInvitation, cause: Cause, given_at: datetime) -> None:
        """Let an offer stand for the agent's time once more.

        `given_at` is when the gateway took the command.
        """
        agent = await self._agents.get(command.agent_id)
        by = self._policy.invitation_of(agent.invitation if agent else None)

        def decide(before: Interaction) -> Change:
            after = extend_offer(before, command.agent_id, given_at, by)
            return Change(after, [InvitationExtended.of(after, command.agent_id)])

        await self._interactions.change(
            command.interaction_id, cause, decide, expected_version=command.expected_version
        )

    async def complete(self, command: CompleteInteraction, cause: Cause) -> None:
        """End the processing and give the agent the next one."""

        def decide(before: Interaction) -> Change:
            before.require_holder(command.agent_id, Operation.COMPLETE)
            after = before.after(Operation.COMPLETE)
            return Change(after, [InteractionCompleted.of(after, command.agent_id)])

        await self._interactions.change(
            command.interaction_id, cause, decide, expected_version=command.expected_version
        )
        await self._agents.release(command.agent_id, command.interaction_id)
        self._filler.request_for(command.agent_id)

    async def change_user_data(self, command: ChangeUserData, cause: Cause) -> None:
        """Set and remove keys of the user data, and replace the agents' notes.

        Raises:
            Refused: The command allows new keys only, and one of its keys exists.
        """

        def decide(before: Interaction) -> Change:
            before.require_holder(command.agent_id, Operation.UPDATE_PROPERTIES)
            taken = sorted(before.user_data.keys() & command.put.keys())
            if command.only_new and taken:
                raise Refused(f"the user data has {taken[0]} already")
            after = before.after(
                Operation.UPDATE_PROPERTIES,
                user_data=change_user_data(before.user_data, command.put, command.remove),
                comment=before.comment if command.comment is None else command.comment,
            )
            return Change(after, [PropertiesUpdated.of(after, command.agent_id)])

        await self._interactions.change(
            command.interaction_id, cause, decide, expected_version=command.expected_version
        )
