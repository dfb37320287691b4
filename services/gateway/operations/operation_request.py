"""An operation as it is asked for, and the order that follows from it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from services.gateway.errors import RequestError, Situation
from services.gateway.http.json_body import Body
from shared.contracts.commands import AgentCommand
from shared.contracts.contact_center import ContactCenter
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import Operation
from shared.storage.agents.agent_store import StoredAgent


@dataclass(frozen=True, slots=True)
class OperationRequest:
    """Everything that the checks of an operation may look at."""

    agent: StoredAgent
    interaction: Interaction
    body: Body
    contact_center: ContactCenter
    now: datetime
    new_id: str
    target: StoredAgent | None = None
    has_known_skill: bool = False
    only_new_keys: bool = False

    @property
    def agent_id(self) -> str:
        """Who asks."""
        return self.agent.id


@dataclass(frozen=True, slots=True)
class PreparedCommand:
    """The command to publish, and what the agent is answered once the broker holds it."""

    command: AgentCommand
    answer: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class OperationDefinition:
    """An operation that agents may ask for, under its name and its aliases."""

    name: str
    operation: Operation
    prepare: Callable[[OperationRequest], PreparedCommand]
    aliases: tuple[str, ...] = ()
    has_target: bool = field(default=False)


OK = {"status": "ok", "statusCode": 0}
"""Of the operations whose success is a word in the seeds."""

ZERO = {"statusCode": 0, "status": "ok"}
"""Of the operations whose success is a number in the seeds."""

CANCELED = {"status": 0, "statusCode": 0}
"""Of Cancel, the one operation whose `status` is a number (seed 002)."""


def named(order: PreparedCommand, name: str) -> PreparedCommand:
    """Return an order whose refusal will call the operation as the agent does."""
    return replace(order, command=order.command.model_copy(update={"asked_as": name}))


def missing(name: str) -> RequestError:
    """Return the error of a parameter that is not there."""
    return RequestError(Situation.PARAMETER_MISSING, f"{name} is missing")


def refused(message: str) -> RequestError:
    """Return the error of a value that cannot be."""
    return RequestError(Situation.VALUE_REFUSED, message)


def disagreeing(names: Iterable[str]) -> RequestError:
    """Return the error of one parameter that came under several names with different values."""
    several = " and ".join(name[:64] for name in names)
    return refused(f"{several} are one parameter and differ: send one of them")


def not_found(message: str) -> RequestError:
    """Return the error of something that does not exist."""
    return RequestError(Situation.NOT_FOUND, message)
