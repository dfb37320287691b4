"""PlaceInQueue and Transfer: the work goes to somebody else (seed 002)."""

from pydantic import Field

from services.gateway.errors import RequestError, Situation
from services.gateway.operations.asked import OK, ZERO, Asked, Order, missing, not_found, refused
from services.gateway.operations.parameters import OneLine, Parameters, read, require_queue
from shared.contracts.commands import PlaceInQueue, TransferInteraction


class QueueParameters(Parameters):
    """The name of the queue."""

    queue: OneLine = Field(alias="queueName")


class TargetParameters(Parameters):
    """Exactly one way to name the agent."""

    user_id: OneLine | None = Field(default=None, alias="userId")
    user_name: OneLine | None = Field(default=None, alias="userName")

    @property
    def names_one(self) -> bool:
        """Say whether an agent is named, and in one way only."""
        return bool(self.user_id) != bool(self.user_name)


def prepare_place_in_queue(asked: Asked) -> Order:
    """Give an interaction to a queue."""
    wanted = read(QueueParameters, asked.body)
    command = PlaceInQueue(
        interaction_id=asked.interaction.id,
        agent_id=asked.agent_id,
        queue=require_queue(wanted.queue, asked.contact_center),
    )
    return Order(command, OK)


def prepare_transfer(asked: Asked) -> Order:
    """Give an interaction to another agent who is logged in."""
    if not read(TargetParameters, asked.body).names_one:
        raise missing("userId")
    target = asked.target
    if target is None or not target.enabled:
        raise not_found("there is no such agent")
    if target.id == asked.agent_id:
        raise refused("an interaction cannot be transferred to its owner")
    if not target.logged_in:
        raise RequestError(Situation.WRONG_STATE, "that agent is not logged in")
    command = TransferInteraction(
        interaction_id=asked.interaction.id, agent_id=asked.agent_id, to_agent_id=target.id
    )
    return Order(command, ZERO)
