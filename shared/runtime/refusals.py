"""Reports refused commands to the agents who gave them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid5

from shared.contracts.commands import AgentCommand
from shared.contracts.envelope import Cause
from shared.contracts.events import OperationRefused
from shared.contracts.outgoing import wrap
from shared.domain.clock import Clock
from shared.domain.errors import Refused
from shared.messaging.publisher import Publisher
from shared.runtime.resources import Resources
from shared.storage.interactions.interaction_store import InteractionStore


@dataclass(frozen=True, slots=True)
class Refusals:
    """Publishes a refusal as an event for the agent who gave the command."""

    publisher: Publisher
    interactions: InteractionStore
    clock: Clock

    @classmethod
    def of(cls, resources: Resources) -> "Refusals":
        """Return the refusals of a service."""
        return cls(resources.publisher, resources.interactions, resources.clock)

    @asynccontextmanager
    async def reported_to_agent(self, command: AgentCommand, cause: Cause) -> AsyncIterator[None]:
        """Publish an `OperationRefused` for the agent if the context raises `Refused`.

        The event's id is derived from the command's, so that a repeated refusal is recognised. A
        command of an operator names no agent: its refusal is only noted at the interaction.
        """
        try:
            yield
        except Refused as refused:
            if command.agent_id:
                await self._tell_agent(command, cause, refused)
            await self.interactions.note_refusal(command.interaction_id, cause)

    async def _tell_agent(self, command: AgentCommand, cause: Cause, refused: Refused) -> None:
        event = OperationRefused(
            interaction_id=command.interaction_id,
            agent_id=command.agent_id,
            version=0,
            operation=getattr(command, "type", ""),
            reason=str(refused),
            kind=refused.kind,
            asked_as=command.asked_as,
            state=getattr(refused, "state", ""),
        )
        again = uuid5(cause.message_id, "refused") if cause.message_id else None
        await self.publisher.publish(wrap(event, cause, self.clock.now(), message_id=again))
