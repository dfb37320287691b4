"""Commands on their way to their owners."""

from dataclasses import dataclass

from shared.contracts.commands import AgentCommand
from shared.contracts.envelope import Cause
from shared.contracts.outgoing import wrap
from shared.domain.clock import Clock
from shared.messaging.publisher import Publisher


@dataclass(frozen=True, slots=True)
class Orders:
    """Where an agent's commands go."""

    publisher: Publisher
    clock: Clock

    async def give(self, command: AgentCommand) -> None:
        """Publish a command; a majority of brokers hold it once this returns.

        Raises:
            Unavailable: They do not answer.
        """
        cause = Cause.about(command.interaction_id)
        await self.publisher.publish(wrap(command, cause, self.clock.now()))
