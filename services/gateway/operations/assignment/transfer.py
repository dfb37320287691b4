"""Transfer (seed 002): give the work to another agent, a queue, a group or a skill."""

from typing import Final

from pydantic import AliasChoices, Field

from services.gateway.errors import RequestError, Situation, missing, not_found, refused
from services.gateway.operations.definition import OperationDefinition
from services.gateway.operations.parameters.model import OneLine, Parameters
from services.gateway.operations.parameters.reading import read, require_queue
from services.gateway.operations.request import ZERO, OperationRequest, PreparedCommand
from services.gateway.operations.rules import FOR_OWNER, Permission
from shared.contracts.commands import TransferInteraction
from shared.domain.lifecycle import Operation


class TransferParameters(Parameters):
    """Exactly one target: an agent, a queue, a group or a skill."""

    user_id: OneLine = Field(default="", alias="userId", description="The id of an agent.")
    user_uri: OneLine = Field(default="", alias="userUri", description="The address of an agent.")
    user_name: OneLine = Field(default="", alias="userName", description="The name of an agent.")
    queue: OneLine = Field(default="", alias="queueName", description="The name of a queue.")
    group: OneLine = Field(
        default="",
        validation_alias=AliasChoices("agentGroup", "agentGroupName"),
        description="The name of a group, which is that of its queue.",
    )
    skill: OneLine = Field(default="", description="A skill that the next agent must have.")

    @property
    def given(self) -> list[str]:
        """The fields that name a target."""
        return [name for name, value in self if value]


def prepare_transfer(asked: OperationRequest) -> PreparedCommand:
    """Return the command that gives the interaction to its one target.

    Raises:
        RequestError: No target is named or several, or the target does not exist, is the owner, or
            is not logged in.
    """
    wanted = read(TransferParameters, asked.body)
    match wanted.given:
        case []:
            raise missing("userId")
        case ["user_id" | "user_uri" | "user_name"]:
            return _command(asked, to_agent_id=_require_target(asked))
        case ["queue" | "group"]:
            queue = require_queue(wanted.queue or wanted.group, asked.contact_center)
            return _command(asked, to_queue=queue)
        case ["skill"]:
            if not asked.has_known_skill:
                raise not_found("nobody has that skill")
            return _command(asked, to_skill=wanted.skill)
        case _:
            raise refused("a transfer has exactly one target")


def _command(asked: OperationRequest, **target: str) -> PreparedCommand:
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


TRANSFER: Final = OperationDefinition(
    name="Transfer",
    aliases=("SingleStepTransfer",),
    summary=(
        "Transfer the mail to exactly one target: an agent, who is invited, or a queue, a group "
        "or a skill, for which it waits."
    ),
    permission=Permission(Operation.TRANSFER, FOR_OWNER),
    parameters=TransferParameters,
    example={"userName": "agent2"},
    command=TransferInteraction,
    prepare=prepare_transfer,
    answer=ZERO,
    has_target=True,
)
