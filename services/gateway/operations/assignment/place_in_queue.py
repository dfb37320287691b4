"""PlaceInQueue (seed 002): give an interaction to a queue."""

from typing import Final

from pydantic import Field

from services.gateway.operations.definition import OperationDefinition
from services.gateway.operations.parameters.model import OneLine, Parameters
from services.gateway.operations.parameters.reading import read, require_queue
from services.gateway.operations.request import OK, OperationRequest, PreparedCommand
from services.gateway.operations.rules import FOR_OWNER, Permission
from shared.contracts.commands import PlaceInQueue
from shared.domain.lifecycle import Operation


class QueueParameters(Parameters):
    """The name of the queue."""

    queue: OneLine = Field(alias="queueName", description="The queue that gets the work.")


def prepare_place_in_queue(asked: OperationRequest) -> PreparedCommand:
    """Return the command that queues the interaction anew.

    Raises:
        RequestError: There is no such queue.
    """
    wanted = read(QueueParameters, asked.body)
    command = PlaceInQueue(
        interaction_id=asked.interaction.id,
        agent_id=asked.agent_id,
        queue=require_queue(wanted.queue, asked.contact_center),
    )
    return PreparedCommand(command, OK)


PLACE_IN_QUEUE: Final = OperationDefinition(
    name="PlaceInQueue",
    summary="Put the mail into a queue.",
    permission=Permission(Operation.PLACE_IN_QUEUE, FOR_OWNER),
    parameters=QueueParameters,
    example={"queueName": "sales"},
    command=PlaceInQueue,
    prepare=prepare_place_in_queue,
    answer=OK,
)
