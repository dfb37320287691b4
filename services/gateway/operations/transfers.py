"""PlaceInQueue, Transfer and the workbins: the work goes to somebody else (seed 002)."""

from pydantic import AliasChoices, Field

from services.gateway.errors import RequestError, Situation
from services.gateway.operations.operation_request import (
    OK,
    ZERO,
    OperationRequest,
    PreparedCommand,
    missing,
    not_found,
    refused,
)
from services.gateway.operations.parameters import OneLine, Parameters, read, require_queue
from services.gateway.operations.workbin_lookup import find_place
from shared.contracts.commands import (
    PlaceInQueue,
    PlaceInWorkbin,
    PullInteraction,
    TransferInteraction,
)


class QueueParameters(Parameters):
    """The name of the queue."""

    queue: OneLine = Field(alias="queueName")


class TargetParameters(Parameters):
    """Exactly one way to name who gets the work: an agent, a queue, a skill or a group."""

    user_id: OneLine = Field(default="", alias="userId")
    user_uri: OneLine = Field(default="", alias="userUri")
    user_name: OneLine = Field(default="", alias="userName")
    queue: OneLine = Field(default="", alias="queueName")
    skill: OneLine = ""
    group: OneLine = Field(
        default="", validation_alias=AliasChoices("agentGroup", "agentGroupName")
    )

    @property
    def given(self) -> list[str]:
        """The names that say something."""
        return [name for name, value in self if value]


def prepare_place_in_queue(asked: OperationRequest) -> PreparedCommand:
    """Give an interaction to a queue."""
    wanted = read(QueueParameters, asked.body)
    command = PlaceInQueue(
        interaction_id=asked.interaction.id,
        agent_id=asked.agent_id,
        queue=require_queue(wanted.queue, asked.contact_center),
    )
    return PreparedCommand(command, OK)


def prepare_transfer(asked: OperationRequest) -> PreparedCommand:
    """Give an interaction to another agent who is logged in, or to whoever a target names."""
    wanted = read(TargetParameters, asked.body)
    match wanted.given:
        case []:
            raise missing("userId")
        case ["user_id" | "user_uri" | "user_name"]:
            return _order(asked, to_agent_id=_require_target(asked))
        case ["queue" | "group"]:
            queue = require_queue(wanted.queue or wanted.group, asked.contact_center)
            return _order(asked, to_queue=queue)
        case ["skill"]:
            if not asked.has_known_skill:
                raise not_found("nobody has that skill")
            return _order(asked, to_skill=wanted.skill)
        case _:
            raise refused("a transfer has exactly one target")


def prepare_place_in_workbin(asked: OperationRequest) -> PreparedCommand:
    """Keep an interaction in a workbin, the agent's own or one of a group."""
    place = find_place(
        asked.body.get("workbin"),
        asked.agent,
        asked.contact_center,
        group=asked.interaction.queue,
    )
    command = PlaceInWorkbin(
        interaction_id=asked.interaction.id,
        agent_id=asked.agent_id,
        workbin=place.workbin,
        owner=place.owner,
        of_group=place.of_group,
    )
    return PreparedCommand(command, OK)


def prepare_pull(asked: OperationRequest) -> PreparedCommand:
    """Take an interaction out of its workbin."""
    return PreparedCommand(
        PullInteraction(interaction_id=asked.interaction.id, agent_id=asked.agent_id), OK
    )


def _order(asked: OperationRequest, **target: str) -> PreparedCommand:
    command = TransferInteraction(
        interaction_id=asked.interaction.id, agent_id=asked.agent_id, **target
    )
    return PreparedCommand(command, ZERO)


def _require_target(asked: OperationRequest) -> str:
    target = asked.target
    if target is None or not target.enabled:
        raise not_found("there is no such agent")
    if target.id == asked.agent_id:
        raise refused("an interaction cannot be transferred to its owner")
    if not target.logged_in:
        raise RequestError(Situation.WRONG_STATE, "that agent is not logged in")
    return target.id
