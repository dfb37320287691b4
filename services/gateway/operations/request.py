"""The request of an operation, the command that follows from it, and common answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from shared.contracts.commands import AgentCommand
from shared.contracts.contact_center import ContactCenter
from shared.domain.interaction import Interaction
from shared.storage.agents.agent_store import StoredAgent


@dataclass(frozen=True, slots=True)
class OperationRequest:
    """Everything that the checks of an operation may look at.

    `new_id` is the id of the interaction that the operation may create. `show` returns
    a mail as messages show it. `target` and `has_known_skill` belong to operations with
    `has_target`.
    """

    agent: StoredAgent
    interaction: Interaction
    body: Mapping[str, Any]
    contact_center: ContactCenter
    now: datetime
    new_id: str
    show: Callable[[Interaction], Mapping[str, object]]
    target: StoredAgent | None = None
    has_known_skill: bool = False
    only_new_keys: bool = False

    @property
    def shown_mail(self) -> Mapping[str, object]:
        """The draft as messages show it."""
        return self.show(self.interaction)

    @property
    def agent_id(self) -> str:
        """The id of the agent who asks."""
        return self.agent.id


@dataclass(frozen=True, slots=True)
class PreparedCommand:
    """The command to publish, and the answer to the agent once the broker holds it."""

    command: AgentCommand
    answer: Mapping[str, object]


OK: Final = {"status": "ok", "statusCode": 0}
"""The answer of operations whose success is a word in the seeds."""

ZERO: Final = {"statusCode": 0, "status": "ok"}
"""The answer of operations whose success is a number in the seeds."""

CANCELED: Final = {"status": 0, "statusCode": 0}
"""The answer of Cancel, the one operation whose `status` is a number (seed 002)."""

EXAMPLE_ID: Final = "00009A8T8Y130124"
"""The id of a new draft in the examples of the API's description."""


def created(new_id: str) -> dict[str, object]:
    """Return the answer of an operation that creates a mail under a new id."""
    return {**OK, "replyInteractionId": new_id, "interactionId": new_id}


def named(prepared: PreparedCommand, name: str) -> PreparedCommand:
    """Return the command with the name under which a later refusal reports the operation."""
    return replace(prepared, command=prepared.command.model_copy(update={"asked_as": name}))
