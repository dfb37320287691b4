"""What agents decide about what they were offered or work on."""

from datetime import datetime

from services.routing.assignment_events import back_again, on_the_desk
from services.routing.policy import Policy
from services.routing.queue_filler import QueueFiller
from shared.contracts.commands import (
    AcceptInvitation,
    ChangeUserData,
    CompleteInteraction,
    RejectInvitation,
)
from shared.contracts.envelope import Cause
from shared.contracts.events import (
    InteractionCompleted,
    InvitationRejected,
    InvitationRevoked,
    PropertiesUpdated,
)
from shared.domain.assignment import accept, put_back
from shared.domain.clock import Clock
from shared.domain.errors import Refused
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import Operation, State
from shared.domain.user_data import change_user_data
from shared.storage.agents.agent_store import AgentStore
from shared.storage.interactions.interaction_store import Change, InteractionStore


class InvitationCommands:
    """One method for each command of an agent: decide, write, give places back, offer anew.

    Each may run again after a crash: the decision is applied once, and places are given back
    however often it is asked.
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
            holders[:] = {before.holder_id} - {command.agent_id}
            revoked = [InvitationRevoked.of(after, one) for one in holders if one]
            return Change(after, [on_the_desk(after, command.agent_id), *revoked])

        after = await self._interactions.change(
            command.interaction_id, cause, decide, expected_version=command.expected_version
        )
        await self._agents.answer(command.agent_id)
        for holder in holders:
            # The offer had run out: its place was given back, and another agent may have one.
            if holder:
                await self._agents.release(holder, command.interaction_id)
            await self._agents.hold(command.agent_id, command.interaction_id)
        if after.state is not State.ACCEPTED:
            # A draft is the agent's own pace: it takes no place.
            await self._agents.release(command.agent_id, command.interaction_id)

    async def reject(self, command: RejectInvitation, cause: Cause) -> None:
        """Put the interaction back to its old place and offer it to somebody else."""

        def decide(before: Interaction) -> Change:
            before.require_holder(command.agent_id, Operation.REJECT)
            now = self._clock.now()
            after = put_back(
                before,
                Operation.REJECT,
                now,
                now + self._policy.exclusion,
                to_sender=self._policy.returns_to_sender,
            )
            rejected = InvitationRejected.of(after, command.agent_id)
            return Change(after, [rejected, *back_again(after)])

        after = await self._interactions.change(
            command.interaction_id, cause, decide, expected_version=command.expected_version
        )
        await self._agents.answer(command.agent_id)
        await self._agents.release(command.agent_id, command.interaction_id)
        if after.state is State.ACCEPTED and after.owner_id:
            await self._agents.hold(after.owner_id, after.id)
        self._filler.request(after.queue)

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
        await self._filler.request_for(command.agent_id)

    async def change_user_data(self, command: ChangeUserData, cause: Cause) -> None:
        """Set and remove keys of the user data, and the agents' notes."""

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
