"""The commands that move work: PlaceInQueue, Transfer, PlaceInWorkbin, PullInteraction."""

from collections.abc import Callable

from services.routing.assignment_events import assigned_event
from services.routing.offers.queue_filler import QueueFiller
from services.routing.policy import Policy
from shared.contracts.commands import (
    AgentCommand,
    PlaceInQueue,
    PlaceInWorkbin,
    PullInteraction,
    TransferInteraction,
)
from shared.contracts.envelope import Cause
from shared.contracts.events import (
    AgentInvited,
    InteractionTransferred,
    PlacedInQueue,
    PlacedInWorkbin,
    WorkbinItemAdded,
    WorkbinItemRemoved,
)
from shared.domain.clock import Clock
from shared.domain.errors import Refused
from shared.domain.interaction import Interaction, Place
from shared.domain.lifecycle import Operation, State
from shared.domain.routing.assignment import (
    Target,
    place_in_workbin,
    pull,
    requeue,
    requeue_for,
    transfer,
)
from shared.storage.agents.agent_store import AgentStore
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.interactions.interaction_store import Change, InteractionStore


class TransferCommands:
    """One method for each command that moves work to an agent, a queue or a workbin."""

    def __init__(
        self,
        *,
        interactions: InteractionStore,
        agents: AgentStore,
        configuration: ConfigurationStore,
        filler: QueueFiller,
        clock: Clock,
        policy: Policy,
    ) -> None:
        self._interactions = interactions
        self._agents = agents
        self._configuration = configuration
        self._filler = filler
        self._clock = clock
        self._policy = policy

    async def place_in_queue(self, command: PlaceInQueue, cause: Cause) -> None:
        """Put the interaction at the end of a queue.

        Raises:
            Refused: There is no such queue.
        """
        await self._require_queue(command.queue)

        def decide(before: Interaction) -> Change:
            now, agent_id = self._clock.now(), command.agent_id
            after = requeue(before, agent_id, Operation.PLACE_IN_QUEUE, command.queue, now)
            return Change(after, [PlacedInQueue.of(after, agent_id)])

        await self._change_and_release(command, cause, decide)

    async def transfer(self, command: TransferInteraction, cause: Cause) -> None:
        """Invite another agent to the interaction, or queue it for the target's queue or skill.

        Raises:
            Refused: There is no such agent or queue.
        """
        if command.to_agent_id:
            await self._transfer_to_agent(command, cause)
        else:
            await self._transfer_to_queue(command, cause)

    async def place_in_workbin(self, command: PlaceInWorkbin, cause: Cause) -> None:
        """Put the interaction into a workbin."""
        place = Place(command.workbin, command.owner, command.of_group)

        def decide(before: Interaction) -> Change:
            after = place_in_workbin(before, command.agent_id, place)
            placed = PlacedInWorkbin.of(after, command.agent_id)
            return Change(after, [placed, WorkbinItemAdded.at(after, place)])

        await self._change_and_release(command, cause, decide)

    async def pull(self, command: PullInteraction, cause: Cause) -> None:
        """Give an interaction of a workbin to the agent, even beyond the agent's capacity."""
        agent = await self._agents.get(command.agent_id)
        queues = agent.queues if agent else ()

        def decide(before: Interaction) -> Change:
            after = pull(before, command.agent_id, queues)
            removed = [WorkbinItemRemoved.at(after, before.place)] if before.place else []
            return Change(after, [assigned_event(after, command.agent_id), *removed])

        after = await self._interactions.change(
            command.interaction_id, cause, decide, expected_version=command.expected_version
        )
        if (after.state, after.owner_id) == (State.ACCEPTED, command.agent_id):
            await self._agents.hold(command.agent_id, after.id)

    async def _transfer_to_agent(self, command: TransferInteraction, cause: Cause) -> None:
        target = await self._agents.get(command.to_agent_id)
        if target is None or not target.enabled:
            raise Refused(f"there is no agent {command.to_agent_id}")

        def decide(before: Interaction) -> Change:
            now = self._clock.now()
            ends = now + self._policy.invitation_of(target.invitation)
            after = transfer(before, command.agent_id, command.to_agent_id, ends, now)
            transferred = InteractionTransferred.of(after, command.agent_id)
            return Change(after, [transferred, AgentInvited.of(after, command.to_agent_id)])

        await self._interactions.change(
            command.interaction_id, cause, decide, expected_version=command.expected_version
        )
        # A place too many is corrected by the audit. A place too few would meanwhile let the target
        # get more work than their capacity, so it is taken first.
        await self._agents.hold(command.to_agent_id, command.interaction_id)
        await self._agents.release(command.agent_id, command.interaction_id)
        self._filler.request_for(command.agent_id)

    async def _transfer_to_queue(self, command: TransferInteraction, cause: Cause) -> None:
        target = Target(command.to_queue, command.to_skill)
        if target.queue:
            await self._require_queue(target.queue)

        def decide(before: Interaction) -> Change:
            now, agent_id = self._clock.now(), command.agent_id
            after = requeue_for(before, agent_id, target, now, now + self._policy.exclusion)
            return Change(after, [InteractionTransferred.of(after, agent_id)])

        after = await self._change_and_release(command, cause, decide)
        self._filler.request(after.queue)

    async def _change_and_release(
        self, command: AgentCommand, cause: Cause, decide: Callable[[Interaction], Change]
    ) -> Interaction:
        after = await self._interactions.change(
            command.interaction_id, cause, decide, expected_version=command.expected_version
        )
        await self._agents.release(command.agent_id, command.interaction_id)
        self._filler.request_for(command.agent_id)
        return after

    async def _require_queue(self, name: str) -> None:
        if (await self._configuration.current()).queue(name) is None:
            raise Refused(f"there is no queue {name}")
