"""The calls about workbins and what is in them."""

from collections.abc import Mapping
from typing import Final

from services.gateway.rest.openapi.calls.bodies import ANSWERED
from services.gateway.rest.openapi.calls.call import Call
from services.gateway.rest.openapi.operations import WORKBIN
from services.gateway.rest.openapi.samples import DRAFT_ID
from services.gateway.rest.openapi.shapes import (
    TEXT,
    Schema,
    answering,
    optional,
    ref,
    several,
    shape,
)

_ADD: Final = {"operationName": "AddInteraction", "id": DRAFT_ID}


def _operation(example: Mapping[str, str]) -> Schema:
    """Return the body of an operation on a workbin."""
    return shape(
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
        example=example,
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
        _operation(_ADD | {"workbin": "email.in-progress"}),
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
        _operation(_ADD),
        may_wait=True,
    ),
)
