"""Every operation by every name it goes by."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from services.gateway.auth.permissions import refusal_of
from services.gateway.errors import RequestError, Situation
from services.gateway.http.json_body import Body
from services.gateway.operations.drafts import (
    prepare_forward,
    prepare_redirect,
    prepare_save,
    prepare_update,
)
from services.gateway.operations.invitations import (
    prepare_accept,
    prepare_cancel,
    prepare_complete,
    prepare_reject,
)
from services.gateway.operations.operation_request import (
    OperationDefinition,
    OperationRequest,
    PreparedCommand,
    missing,
    named,
    refused,
)
from services.gateway.operations.replies import prepare_reply, prepare_reply_all
from services.gateway.operations.send import prepare_send
from services.gateway.operations.transfers import (
    prepare_place_in_queue,
    prepare_place_in_workbin,
    prepare_pull,
    prepare_transfer,
)
from services.gateway.operations.user_data import (
    prepare_attach,
    prepare_comment,
    prepare_disposition,
    prepare_put,
    prepare_remove,
)
from services.gateway.wire.states import STATES
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import Operation, State

OFFERS: Final = (
    OperationDefinition("Accept", Operation.ACCEPT, prepare_accept),
    OperationDefinition("Reject", Operation.REJECT, prepare_reject),
    OperationDefinition("Reply", Operation.REPLY, prepare_reply),
    OperationDefinition("ReplyAll", Operation.REPLY_ALL, prepare_reply_all),
    OperationDefinition("Send", Operation.SEND, prepare_send),
    OperationDefinition("Cancel", Operation.CANCEL, prepare_cancel, ("CancelReply",)),
    OperationDefinition("Complete", Operation.COMPLETE, prepare_complete, ("StopProcessing",)),
    OperationDefinition("PlaceInQueue", Operation.PLACE_IN_QUEUE, prepare_place_in_queue),
    OperationDefinition(
        "Transfer", Operation.TRANSFER, prepare_transfer, ("SingleStepTransfer",), has_target=True
    ),
    OperationDefinition("PlaceInWorkbin", Operation.PLACE_IN_WORKBIN, prepare_place_in_workbin),
    OperationDefinition("PullInteraction", Operation.PULL, prepare_pull, ("PullEmail", "Pull")),
    OperationDefinition("UpdateUserData", Operation.UPDATE_PROPERTIES, prepare_put),
    OperationDefinition("AttachUserData", Operation.UPDATE_PROPERTIES, prepare_attach),
    OperationDefinition("DeleteUserData", Operation.UPDATE_PROPERTIES, prepare_remove),
    OperationDefinition("Forward", Operation.FORWARD, prepare_forward),
    OperationDefinition("Redirect", Operation.REDIRECT, prepare_redirect, ("Re-direct",)),
    OperationDefinition("Save", Operation.SAVE, prepare_save, ("SaveDraft",)),
    OperationDefinition("AddComment", Operation.ADD_COMMENT, prepare_comment),
    OperationDefinition("SetDisposition", Operation.SET_DISPOSITION, prepare_disposition),
)

CREATE: Final = "Create"
GET_WORKBIN_CONTENT: Final = "GetWorkbinContent"

UPDATE: Final = OperationDefinition("PUT", Operation.SAVE, prepare_update)
"""What PUT means where it carries a mail."""

_BY_NAME: Final[Mapping[str, OperationDefinition]] = MappingProxyType(
    {name: offer for offer in OFFERS for name in (offer.name, *offer.aliases)}
)

NOT_OFFERED: Final = frozenset({CREATE, "SetInFocus"})
"""What no interaction offers: the one belongs to their collection, the other to nobody."""


def operation_name(body: Body) -> str:
    """Return which operation a body asks for.

    Raises:
        RequestError: It names none.
    """
    name = body.get("operationName")
    if name is None or name == "":
        raise missing("operationName")
    if not isinstance(name, str):
        raise refused("operationName has to be a text")
    return name


def offer_named(name: str) -> OperationDefinition:
    """Return the operation of a name.

    Raises:
        RequestError: Nobody knows it, or it is not offered.
    """
    offer = _BY_NAME.get(name)
    if offer is not None:
        return offer
    if name in NOT_OFFERED:
        raise RequestError(Situation.OPERATION_FORBIDDEN, f"{name} is not offered here")
    raise RequestError(Situation.OPERATION_UNKNOWN, f"there is no operation {name[:64]!r}")


def prepare(offer: OperationDefinition, asked: OperationRequest) -> PreparedCommand:
    """Return the order that follows from an operation.

    Raises:
        RequestError: It is not possible now, not for this agent, or not with these parameters.
    """
    offer = _meant(offer, asked.interaction)
    match refusal_of(offer.operation, asked.agent, asked.interaction):
        case None:
            return named(offer.prepare(asked), offer.name)
        case Situation.WRONG_STATE as situation:
            state = STATES[asked.interaction.state]
            hint = _hint(offer, asked.interaction)
            message = f"{offer.name} is not possible in state {state}{hint}"
        case situation:
            message = f"{offer.name} is for the agent who holds this interaction"
    raise RequestError(situation, message)


def _meant(offer: OperationDefinition, interaction: Interaction) -> OperationDefinition:
    """Return what is asked for: to accept what lies in a workbin is to take it out."""
    if offer.operation is Operation.ACCEPT and interaction.state is State.IN_WORKBIN:
        return _BY_NAME["PullInteraction"]
    return offer


def _hint(offer: OperationDefinition, interaction: Interaction) -> str:
    is_offered = interaction.state is State.INVITED
    return ": use Reject" if offer.operation is Operation.CANCEL and is_offered else ""
