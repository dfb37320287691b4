"""The names that agents know states and capabilities by (seed 003)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from shared.domain.interaction import Interaction
from shared.domain.lifecycle import Operation, State, allowed

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

CAPABILITIES: Final[Mapping[Operation, str]] = MappingProxyType(
    {
        Operation.ACCEPT: "Accept",
        Operation.REJECT: "Reject",
        Operation.TRANSFER: "Transfer",
        Operation.REPLY: "Reply",
        Operation.REPLY_ALL: "ReplyAll",
        Operation.COMPLETE: "StopProcessing",
        Operation.PLACE_IN_QUEUE: "PlaceInQueue",
        Operation.PLACE_IN_WORKBIN: "PlaceInWorkbin",
        Operation.UPDATE_PROPERTIES: "UpdateProperties",
        Operation.PULL: "PullInteraction",
        Operation.CANCEL: "Cancel",
        Operation.SEND: "Send",
        Operation.LINK_ATTACHMENT: "LinkAttachment",
        Operation.FORWARD: "Forward",
        Operation.REDIRECT: "Redirect",
        Operation.SAVE: "Save",
        Operation.ADD_COMMENT: "AddComment",
        Operation.SET_DISPOSITION: "SetDisposition",
    }
)


def capabilities(interaction: Interaction) -> list[str]:
    """List what the agent who holds an interaction may do, as the seeds spell and order it."""
    return _named(allowed(interaction.direction, interaction.state))


def extended_capabilities(interaction: Interaction) -> list[str]:
    """List what the agent may do besides, of which the seeds know nothing."""
    return _named(allowed(interaction.direction, interaction.state, in_seed=False))


def _named(operations: tuple[Operation, ...]) -> list[str]:
    return [CAPABILITIES[one] for one in operations]
