"""The calls about workbins and what is in them."""

from collections.abc import Mapping
from typing import Final

from services.gateway.rest.openapi.calls.bodies import OPERATION_ANSWER
from services.gateway.rest.openapi.calls.call import Call
from services.gateway.rest.openapi.examples import DRAFT_ID
from services.gateway.rest.openapi.operation_bodies import WORKBIN
from services.gateway.rest.openapi.schema_builders import (
    TEXT,
    Schema,
    array_of,
    object_of,
    optional,
    ref,
    success,
)
from services.gateway.wire.fields import INTERACTION_STATE

_ADD: Final = {"operationName": "AddInteraction", "id": DRAFT_ID}


def _operation(example: Mapping[str, str]) -> Schema:
    """Return the body of an operation on a workbin."""
    return object_of(
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
        success(**_FOUND, workbins=array_of(ref("Workbin"))),
        query=("fields",),
    ),
    Call(
        "post",
        "/me/workbins",
        "Workbins",
        "Put an interaction into the workbin that `workbin` names, or take it out.",
        OPERATION_ANSWER,
        _operation(_ADD | {"workbin": "email.in-progress"}),
        takes_wait=True,
    ),
    Call(
        "get",
        "/me/workbins/{workbin}",
        "Workbins",
        "A workbin and what is in it.",
        success(
            **_FOUND,
            workbin=ref("Workbin"),
            interactions=array_of(ref(INTERACTION_STATE)),
        ),
    ),
    Call(
        "post",
        "/me/workbins/{workbin}",
        "Workbins",
        "Put an interaction into this workbin, or take it out.",
        OPERATION_ANSWER,
        _operation(_ADD),
        takes_wait=True,
    ),
)
