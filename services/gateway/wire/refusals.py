"""Names and reasons of refused operations, as agents know them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from services.gateway.operations.registry import OPERATION_OF_COMMAND
from services.gateway.wire.states import STATES
from shared.contracts.events import OperationRefused

_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {command.model_fields["type"].default: name for command, name in OPERATION_OF_COMMAND.items()}
)
"""Names of operations for commands without `asked_as`: those of services or older gateways."""

_STATES: Final = {state.value: name for state, name in STATES.items()}


def operation_refused(event: OperationRefused) -> str:
    """Return the name of the refused operation, as the agent asked for it."""
    return event.asked_as or _NAMES.get(event.operation, event.operation)


def reason_of(event: OperationRefused) -> str:
    """Return the reason of a refusal in one sentence."""
    name = operation_refused(event)
    if event.kind == "wrong-state" and event.state in _STATES:
        return f"{name} is not possible in state {_STATES[event.state]}"
    if event.kind == "not-owner":
        return f"{name} is for the agent who holds this interaction"
    return event.reason
