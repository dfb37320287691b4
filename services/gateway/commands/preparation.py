"""Checks an operation against a snapshot of its interaction, and prepares its command."""

from services.gateway.auth.permissions import refusal_of
from services.gateway.errors import RequestError, Situation
from services.gateway.operations.assignment.pull_interaction import PULL_INTERACTION
from services.gateway.operations.definition import OperationDefinition
from services.gateway.operations.request import OperationRequest, PreparedCommand, named
from services.gateway.wire.states import STATES
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import Operation, State


def prepare(definition: OperationDefinition, asked: OperationRequest) -> PreparedCommand:
    """Return the command of an operation.

    Raises:
        RequestError: The state, the agent or the parameters do not allow it.
    """
    definition = _definition_in_state(definition, asked.interaction)
    match refusal_of(definition.permission, asked.agent, asked.interaction):
        case None:
            return named(definition.prepare(asked), definition.name)
        case Situation.WRONG_STATE as situation:
            state = STATES[asked.interaction.state]
            hint = _hint(definition, asked.interaction)
            message = f"{definition.name} is not possible in state {state}{hint}"
        case situation:
            message = f"{definition.name} is for the agent who holds this interaction"
    raise RequestError(situation, message)


def _definition_in_state(
    definition: OperationDefinition, interaction: Interaction
) -> OperationDefinition:
    """Return PullInteraction for an Accept in a workbin, otherwise the operation itself."""
    if definition.operation is Operation.ACCEPT and interaction.state is State.IN_WORKBIN:
        return PULL_INTERACTION
    return definition


def _hint(definition: OperationDefinition, interaction: Interaction) -> str:
    is_offered = interaction.state is State.INVITED
    return ": use Reject" if definition.operation is Operation.CANCEL and is_offered else ""
