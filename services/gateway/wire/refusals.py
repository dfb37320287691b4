"""Why an operation was refused, in the words that agents know operations and states by."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from services.gateway.wire.states import STATES
from shared.contracts.events import OperationRefused

NOT_HELD: Final = "NotHeld"
"""The state of an interaction in an Error message to somebody who does not hold it.

The seeds have none: theirs would show the interaction on a desk where it is not.
"""

_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "accept-invitation": "Accept",
        "reject-invitation": "Reject",
        "complete-interaction": "Complete",
        "place-in-queue": "PlaceInQueue",
        "transfer-interaction": "Transfer",
        "place-in-workbin": "PlaceInWorkbin",
        "pull-interaction": "PullInteraction",
        "change-user-data": "UpdateUserData",
        "draft-reply": "Reply",
        "create-draft": "Create",
        "draft-forward": "Forward",
        "save-draft": "Save",
        "submit-draft": "Send",
        "redirect-mail": "Redirect",
        "cancel-draft": "Cancel",
        "link-document": "LinkAttachment",
        "unlink-document": "DELETE",
    }
)
"""What agents call a command that does not say so: of a service, or of an older gateway."""

_STATES: Final = {state.value: name for state, name in STATES.items()}


def operation_refused(event: OperationRefused) -> str:
    """Return the name of the operation."""
    return event.asked_as or _NAMES.get(event.operation, event.operation)


def reason_of(event: OperationRefused) -> str:
    """Return why, in one sentence."""
    name = operation_refused(event)
    if event.kind == "wrong-state" and event.state in _STATES:
        return f"{name} is not possible in state {_STATES[event.state]}"
    if event.kind == "not-owner":
        return f"{name} is for the agent who holds this interaction"
    return event.reason
