"""What agents decide about what they were offered or work on."""

from datetime import timedelta

from services.routing.offering import Offering
from shared.contracts.commands import (
    AcceptInvitation,
    ChangeUserData,
    CompleteInteraction,
    PlaceInQueue,
    RejectInvitation,
    TransferInteraction,
)
from shared.contracts.envelope import Cause
from shared.contracts.events import (
    AgentInvited,
    InteractionCompleted,
    InteractionTransferred,
    InvitationAccepted,
    InvitationRejected,
    PlacedInQueue,
    PropertiesUpdated,
)
from shared.domain.clock import Clock
from shared.domain.errors import Refused
from shared.domain.interaction import Interaction, Invitation, accept, put_back
from shared.domain.lifecycle import Operation
from shared.domain.user_data import change_user_data
from shared.storage.agents import AgentStore
from shared.storage.configuration import ConfigurationStore
from shared.storage.interactions import Change, InteractionStore


class Desk:
    """One method for each command of an agent: decide, write, give places back, offer anew.

    Each may run again after a crash: the decision is applied once, and places are given back
    however often it is asked.
    """

    def __init__(
        self,
        *,
        interactions: InteractionStore,
        agents: AgentStore,
        configuration: ConfigurationStore,
        offering: Offering,
        clock: Clock,
        invitation: timedelta,
        exclusion: timedelta,
    ) -> None:
        self._interactions = interactions
        self._agents = agents
        self._configuration = configuration
        self._offering = offering
        self._clock = clock
        self._invitation = invitation
        self._exclusion = exclusion

    async def accept(self, command: AcceptInvitation, cause: Cause) -> None:
        """Give the interaction to the agent who accepted it."""

        def decide(before: Interaction) -> Change:
            after = accept(before, command.agent_id, self._clock.now())
            return Change(after, [InvitationAccepted.of(after, command.agent_id)])

        await self._interactions.change(command.interaction_id, cause, decide)

    async def reject(self, command: RejectInvitation, cause: Cause) -> None:
        """Put the interaction back to its old place and offer it to somebody else."""

        def decide(before: Interaction) -> Change:
            before.require_holder(command.agent_id, Operation.REJECT)
            now = self._clock.now()
            after = put_back(before, Operation.REJECT, now, now + self._exclusion)
            return Change(after, [InvitationRejected.of(after, command.agent_id)])

        after = await self._interactions.change(command.interaction_id, cause, decide)
        await self._agents.release(command.agent_id, command.interaction_id)
        await self._offering.fill(after.queue)

    async def complete(self, command: CompleteInteraction, cause: Cause) -> None:
        """End the processing and give the agent the next one."""

        def decide(before: Interaction) -> Change:
            before.require_holder(command.agent_id, Operation.COMPLETE)
            after = before.after(Operation.COMPLETE)
            return Change(after, [InteractionCompleted.of(after, command.agent_id)])

        await self._interactions.change(command.interaction_id, cause, decide)
        await self._agents.release(command.agent_id, command.interaction_id)
        await self._offering.fill_for(command.agent_id)

    async def place_in_queue(self, command: PlaceInQueue, cause: Cause) -> None:
        """Queue the interaction anew, behind what waits there."""
        if (await self._configuration.current()).queue(command.queue) is None:
            raise Refused(f"there is no queue {command.queue}")

        def decide(before: Interaction) -> Change:
            before.require_holder(command.agent_id, Operation.PLACE_IN_QUEUE)
            after = before.after(
                Operation.PLACE_IN_QUEUE,
                queue=command.queue,
                queued_at=self._clock.now(),
                owner_id=None,
                excluded=(),
            )
            return Change(after, [PlacedInQueue.of(after, command.agent_id)])

        await self._interactions.change(command.interaction_id, cause, decide)
        await self._agents.release(command.agent_id, command.interaction_id)
        await self._offering.fill_for(command.agent_id)

    async def transfer(self, command: TransferInteraction, cause: Cause) -> None:
        """Invite another agent to the interaction, whatever else that agent holds."""
        target = await self._agents.get(command.to_agent_id)
        if target is None or not target.enabled:
            raise Refused(f"there is no agent {command.to_agent_id}")

        def decide(before: Interaction) -> Change:
            before.require_holder(command.agent_id, Operation.TRANSFER)
            ends = self._clock.now() + self._invitation
            offer = Invitation(command.to_agent_id, ends)
            after = before.after(Operation.TRANSFER, owner_id=None, invitation=offer)
            return Change(
                after,
                [
                    InteractionTransferred.of(after, command.agent_id),
                    AgentInvited.of(after, command.to_agent_id),
                ],
            )

        await self._interactions.change(command.interaction_id, cause, decide)
        await self._agents.hold(command.to_agent_id, command.interaction_id)
        await self._agents.release(command.agent_id, command.interaction_id)
        await self._offering.fill_for(command.agent_id)

    async def change_user_data(self, command: ChangeUserData, cause: Cause) -> None:
        """Set and remove keys of the user data."""

        def decide(before: Interaction) -> Change:
            before.require_holder(command.agent_id, Operation.UPDATE_PROPERTIES)
            user_data = change_user_data(before.user_data, command.put, command.remove)
            after = before.after(Operation.UPDATE_PROPERTIES, user_data=user_data)
            return Change(after, [PropertiesUpdated.of(after, command.agent_id)])

        await self._interactions.change(command.interaction_id, cause, decide)
