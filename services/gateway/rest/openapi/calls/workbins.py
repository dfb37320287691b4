"""The calls about workbins and what is in them."""

from typing import Final

from services.gateway.rest.openapi.calls.bodies import ANSWERED
from services.gateway.rest.openapi.calls.call import Call
from services.gateway.rest.openapi.operations import WORKBIN
from services.gateway.rest.openapi.shapes import TEXT, answering, optional, ref, several, shape

_WORKBIN_OPERATION: Final = shape(
    {
        "operationName": {
            "enum": [
                "AddInteraction",
                "AddEmail",
                "AddInteractionToWorkbin",
                "PullInteraction",
                "PullEmail",
                "GetWorkbinContent",
                "SubscribeWorkbinEvents",
                "UnsubscribeWorkbinEvents",
            ]
        },
        "id": optional(TEXT),
        "interactionId": optional(TEXT),
        "workbin": optional(WORKBIN),
        "agentGroup": optional(TEXT),
    },
    ("operationName",),
    description="AddInteraction and PullInteraction need the `id` of the interaction.",
    example={"operationName": "AddInteraction", "id": "00009A8T8Y130124"},
)
_FOUND: Final = {"status": {"const": 0}}

WORKBIN_CALLS: Final[tuple[Call, ...]] = (
    Call(
        "get",
        "/me/workbins",
        "Workbins",
        "My workbins and those of my groups.",
        answering(**_FOUND, workbins=several(ref("Workbin"))),
        query=("fields",),
    ),
    Call(
        "post",
        "/me/workbins",
        "Workbins",
        "Put an interaction into the workbin that `workbin` names, or take it out.",
        ANSWERED,
        _WORKBIN_OPERATION,
        may_wait=True,
    ),
    Call(
        "get",
        "/me/workbins/{workbin}",
        "Workbins",
        "A workbin and what is in it.",
        answering(
            **_FOUND,
            workbin=ref("Workbin"),
            interactions=several(ref("InteractionStateMessage")),
        ),
    ),
    Call(
        "post",
        "/me/workbins/{workbin}",
        "Workbins",
        "Put an interaction into this workbin, or take it out.",
        ANSWERED,
        _WORKBIN_OPERATION,
        may_wait=True,
    ),
)
