"""Names and reasons of refused operations, as agents know them."""

from collections.abc import Mapping
from typing import Final

from services.gateway.wire.states import STATES
from shared.contracts.events import OperationRefused

_STATES: Final = {state.value: name for state, name in STATES.items()}


class RefusalTexts:
    """Names operations and reasons as agents know them.

    `names_of_commands` has the name of the operation for each type of command. It is used where
    a command came without `asked_as`: from another service or an older gateway.
    """

    def __init__(self, names_of_commands: Mapping[str, str]) -> None:
        self._names_of_commands = names_of_commands

    def operation(self, event: OperationRefused) -> str:
        """Return the name of the refused operation, as the agent asked for it."""
        return event.asked_as or self._names_of_commands.get(event.operation, event.operation)

    def reason(self, event: OperationRefused) -> str:
        """Return the reason of a refusal in one sentence."""
        name = self.operation(event)
        if event.kind == "wrong-state" and event.state in _STATES:
            return f"{name} is not possible in state {_STATES[event.state]}"
        if event.kind == "not-owner":
            return f"{name} is for the agent who holds this interaction"
        return event.reason
