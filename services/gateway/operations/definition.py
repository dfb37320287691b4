"""The parts of one operation: every field without a default has to be given."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.gateway.operations.parameters.model import Parameters
from services.gateway.operations.request import OperationRequest, PreparedCommand
from services.gateway.operations.rules import Permission
from shared.contracts.commands import AgentCommand
from shared.domain.lifecycle import Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationDescription:
    """An operation as the API's description shows it.

    `name` and `aliases` are what `operationName` may be. `example` are the parameters of a typical
    request, `answer` is the body of its successful answer.
    """

    name: str
    summary: str
    parameters: type[Parameters]
    answer: Mapping[str, object]
    example: Mapping[str, Any] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Validate the example.

        Raises:
            ValidationError: The parameters do not accept it.
        """
        self.parameters.model_validate(self.example)

    @property
    def names(self) -> tuple[str, ...]:
        """The name, then the aliases."""
        return (self.name, *self.aliases)


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationDefinition(OperationDescription):
    """An operation on one interaction.

    `prepare` reads the parameters and returns a command of type `command`; the permission is
    checked before. With `has_target` the request brings the agent or skill that the body names.
    """

    permission: Permission
    command: type[AgentCommand]
    prepare: Callable[[OperationRequest], PreparedCommand]
    has_target: bool = False

    @property
    def creates_interaction(self) -> bool:
        """Whether the answer has the id of an interaction that composition creates."""
        return "interactionId" in self.answer

    @property
    def operation(self) -> Operation:
        """The step of the lifecycle."""
        return self.permission.operation
