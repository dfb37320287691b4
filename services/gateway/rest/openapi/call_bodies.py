"""The bodies of requests and answers that are no objects of the API by themselves."""

from typing import Final

from services.gateway.operations.assignment.get_workbin_content import GET_WORKBIN_CONTENT
from services.gateway.operations.drafts.save import UPDATE
from services.gateway.operations.registry import OFFERS
from services.gateway.operations.request import ZERO
from services.gateway.rest.openapi.operations import WORKBIN, parameter_schemas
from services.gateway.rest.openapi.shapes import (
    ANYTHING,
    FLAG,
    NUMBER,
    TEXT,
    Schema,
    answering,
    optional,
    ref,
    several,
    shape,
)

BYTES: Final[Schema] = {"type": "string", "contentMediaType": "application/octet-stream"}
RAW_MAIL: Final[Schema] = {"type": "string", "contentMediaType": "message/rfc822"}
ANSWERED: Final[Schema] = {
    "type": "object",
    "properties": {
        "status": {"oneOf": [{"const": "ok"}, {"const": 0}]},
        "statusCode": {"const": 0},
        "interaction": ref("InteractionStateMessage"),
        "replyInteractionId": TEXT,
        "interactionId": TEXT,
        "ignoredKeys": several(TEXT)
        | {"description": "Changed keys of `email_object` that are not read."},
    },
    "required": ["status", "statusCode"],
}
CHANNEL_STATE: Final = shape(
    {"operationName": TEXT},
    description="Ready, NotReady, or another state of /settings/agent-states.",
    example={"operationName": "Ready"},
)
SESSION: Final = shape(
    {
        "operationName": TEXT,
        "channels": optional(several(TEXT)),
        **{name: {"description": "Not read."} for name in ("place", "loginCode", "queue")},
    },
    ("operationName",),
    description="StartContactCenterSession, EndContactCenterSession, or an agent's state.",
    example={"operationName": "StartContactCenterSession", "channels": ["email"]},
)
PREFERENCES: Final = shape(
    {"preferences": ANYTHING | {"description": "At most 16 kB as JSON, 32 levels deep."}},
    example={"preferences": {"language": "de", "theme": "dark"}},
)
SOME_CHANNELS: Final = shape(
    {
        "statusCode": {"const": 7},
        "statusMessage": TEXT,
        "status": {"const": "ok"},
        "channels": several(shape({"channel": TEXT, "statusCode": NUMBER})),
    },
    description="Some of the channels are not offered here.",
)
DRAFT: Final = shape(
    parameter_schemas(UPDATE.parameters), (), description=UPDATE.summary, example=UPDATE.example
)
WORKBIN_OPERATION: Final = shape(
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
FOUND: Final = {"status": {"const": 0}}
REMOVED_ATTACHMENT: Final = shape(
    {
        "statusCode": {"const": 0},
        "status": {"const": "ok"},
        "interaction": ref("InteractionStateMessage"),
    },
    ("statusCode", "status"),
    example=ZERO,
)
ONE_INTERACTION: Final = answering(interaction=ref("InteractionStateMessage"))
EVENTS: Final = shape(
    {
        "statusCode": {"const": 0},
        "events": several(shape({"channel": TEXT, "data": {}})),
        "position": NUMBER,
        "hasMore": FLAG,
    },
    ("statusCode", "events", "position"),
    additionalProperties=False,
)


def operation_bodies() -> Schema:
    """Return the body of an operation on one interaction: one schema of many, by its name."""
    operations = (*OFFERS, GET_WORKBIN_CONTENT)
    return {
        "oneOf": [ref(f"{one.name}Operation") for one in operations],
        "discriminator": {
            "propertyName": "operationName",
            "mapping": {
                name: f"#/components/schemas/{one.name}Operation"
                for one in operations
                for name in one.names
            },
        },
    }
