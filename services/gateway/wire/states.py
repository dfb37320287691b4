"""Names of states and capabilities in messages (seed 003)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from shared.domain.interaction import Interaction
from shared.domain.lifecycle import AGENT_OPERATIONS, Operation, State, allowed
from shared.domain.routing.assignment import may_be_extended

STATES: Final[Mapping[State, str]] = MappingProxyType(
    {
        State.QUEUED: "Queued",
        State.INVITED: "Invited",
        State.ACCEPTED: "Accepted",
        State.IN_WORKBIN: "InWorkbin",
        State.COMPLETED: "Completed",
        State.REPLY_CREATED: "ReplyCreated",
        State.SENDING: "Sending",
        State.SENT: "Sent",
        State.UNCERTAIN: "Uncertain",
        State.CANCELED: "Canceled",
    }
)

NOT_HELD: Final = "NotHeld"
"""The state in an Error message to an agent who does not hold the interaction.

The seeds have no such state: with one of theirs the client would show the agent a mail that they do
not hold.
"""

_SPELLED_OTHERWISE: Final = {
    Operation.COMPLETE: "StopProcessing",
    Operation.PULL: "PullInteraction",
}
"""Capabilities whose names in the seeds do not follow from the lifecycle's."""

CAPABILITIES: Final[Mapping[Operation, str]] = MappingProxyType(
    {
        one: _SPELLED_OTHERWISE.get(one, one.value.title().replace("-", ""))
        for one in Operation
        if one in AGENT_OPERATIONS
    }
)
"""The name of each operation of agents among the capabilities of messages."""


def capabilities(interaction: Interaction) -> list[str]:
    """Return the operations that the holder may do, spelled and ordered as in the seeds."""
    return _named(allowed(interaction.direction, interaction.state))


def extended_capabilities(interaction: Interaction) -> list[str]:
    """Return further operations that the holder may do, which the seeds do not have."""
    operations = allowed(interaction.direction, interaction.state, in_seed=False)
    if not may_be_extended(interaction):
        operations = tuple(one for one in operations if one is not Operation.EXTEND_INVITATION)
    return _named(operations)


def _named(operations: tuple[Operation, ...]) -> list[str]:
    return [CAPABILITIES[one] for one in operations]
