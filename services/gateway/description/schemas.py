"""The shapes of answers and messages, as JSON Schema (OpenAPI 3.1 section 4.8.24)."""

from typing import Any, Final, TypeAlias

from services.gateway.wire.delivery import DELIVERY_STATES, RECEPTION_STATES
from services.gateway.wire.mail import Fields
from services.gateway.wire.refusals import NOT_HELD
from services.gateway.wire.states import CAPABILITIES, STATES
from shared.mail.warnings import WARNINGS

Schema: TypeAlias = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
NUMBER: Final[Schema] = {"type": "integer"}
FLAG: Final[Schema] = {"type": "boolean"}
MOMENT: Final[Schema] = {"type": "string", "format": "date-time"}
ANYTHING: Final[Schema] = {"type": "object", "additionalProperties": True}
NOTICES: Final = ("Revoked", "Rejected", "PlacedInQueue", "PlacedInWorkbin", "Transferred")
"""States that only messages have: what is told to an agent from whom a mail has gone."""


def ref(name: str) -> Schema:
    """Return a reference to one of `SCHEMAS`."""
    return {"$ref": f"#/components/schemas/{name}"}


def several(items: Schema) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": items}


def shape(properties: Schema, required: tuple[str, ...] | None = None, **more: object) -> Schema:
    """Return the schema of an object; every property is required where none is named."""
    names = list(properties) if required is None else list(required)
    return {"type": "object", "properties": properties, "required": names, **more}


def optional(schema: Schema) -> Schema:
    """Return the schema of what may be left out: null is as good as absent."""
    return {"oneOf": [schema, {"type": "null"}]}


def constant(fields: Fields) -> Schema:
    """Return the schema of an answer that is always the same."""
    return shape({name: {"const": value} for name, value in fields.items()}, example=fields)


def answering(**fields: Schema) -> Schema:
    """Return the schema of a successful answer with these fields."""
    return shape({"statusCode": {"const": 0}, **fields})


def listing(name: str, items: str, **beside: Schema) -> Schema:
    """Return the schema of a list: addresses, or objects where `fields` is given.

    `beside` are further fields of the answer that holds objects.
    """
    counted = {"totalCount": NUMBER, "hasMore": FLAG}
    return {
        "oneOf": [
            shape(
                {"statusCode": {"const": 0}, "uris": several(TEXT), **counted},
                ("statusCode", "uris"),
                additionalProperties=False,
            ),
            shape(
                {"statusCode": {"const": 0}, name: several(_partial(items)), **counted, **beside},
                ("statusCode", name),
                additionalProperties=False,
            ),
        ]
    }


def _partial(name: str) -> Schema:
    """Return the schema of an object that may be cut to some of its fields."""
    whole = SCHEMAS[name]
    return shape(whole["properties"], ())


_ADDRESS: Final = shape(
    {"address": TEXT, "personal": TEXT},
    ("address",),
    description="An address and the name shown beside it (seed 004).",
)
_ATTACHMENT: Final = shape(
    {
        "id": TEXT,
        "name": TEXT,
        "size": NUMBER,
        "mimetype": TEXT,
        "mime": TEXT,
        "contentId": TEXT,
    },
    ("id", "name", "size", "mimetype", "mime"),
    description="A document; `id` is the documentId of its address. What the HTML calls `cid:`"
    " has that name as `contentId`.",
)
_EMAIL_OBJECT: Final = shape(
    {
        "subject": TEXT,
        "Subject": TEXT,
        "interactionId": TEXT,
        "ToAddress": TEXT,
        "FromAddress": TEXT,
        "CCAddresses": TEXT,
        "BCCAddresses": TEXT,
        "Text": TEXT,
        "StructuredText": TEXT,
        "MimeType": TEXT,
        "StructuredTextMimeType": TEXT,
        "TheComment": TEXT,
        "ContactID": TEXT,
        "truncated": FLAG,
        "attachments": several(ref("Attachment")),
        "Warnings": several({"enum": list(WARNINGS)}),
    },
    ("subject", "Subject", "interactionId"),
    description=(
        "What the message shows of the mail; several addresses are joined by commas. `Warnings`, on"
        " mails that arrived and only where there are any: "
        + "; ".join(f"`{name}`: {meaning}" for name, meaning in WARNINGS.items())
        + "."
    ),
)
_MESSAGE: Final = shape(
    {
        "messageTypeName": {"const": "InteractionStateMessage"},
        "messageType": {"const": "InteractionStateMessage"},
        "id": TEXT,
        "channel": {"const": "email"},
        "email_object": ref("EmailObject"),
        "interactionType": {"const": "Email"},
        "interactionSubType": TEXT,
        "userData": ANYTHING,
        "currentQueue": TEXT,
        "inQueues": ANYTHING,
        "outQueues": ANYTHING,
        "receivedAt": MOMENT,
        "state": {"enum": [*STATES.values(), *NOTICES, NOT_HELD]},
        "capabilities": several({"enum": list(CAPABILITIES.values())}),
        "extendedCapabilities": several({"enum": list(CAPABILITIES.values())}),
        "direction": {"enum": ["Inbound", "Outbound"]},
        "inviteExpiresAt": MOMENT,
        "parentInteractionId": TEXT,
        "threadId": TEXT,
        "sequence": NUMBER,
        "position": NUMBER,
        "notificationType": TEXT,
        "operationName": TEXT,
        "reason": TEXT,
        "errorDescription": TEXT,
        "delivery": ref("Delivery"),
    },
    ("messageTypeName", "messageType", "id", "channel", "email_object", "state", "capabilities"),
    description=(
        "An interaction as an agent sees it, in lists and on the topic `/v2/me/interactions`"
        " (seed 003). Of two messages about one interaction the one with the higher `sequence`"
        " is the newer. `position`, on the topic only, is the message's place in the agent's"
        " journal: whoever goes on after it misses nothing. An operation that came too late is told"
        " with `notificationType` Error, its `operationName` and the `reason`; to who does not hold"
        " the interaction, with the state NotHeld."
    ),
)
_DELIVERY: Final = shape(
    {
        "state": {"enum": list(DELIVERY_STATES)},
        "attempts": NUMBER,
        "reason": TEXT,
        "nextAttemptAt": MOMENT,
        "recipients": several(
            shape(
                {
                    "address": TEXT,
                    "state": {"enum": list(RECEPTION_STATES)},
                    "code": NUMBER,
                    "text": TEXT,
                    "at": MOMENT,
                },
                ("address", "state"),
            )
        ),
    },
    ("state", "attempts", "recipients"),
    description=(
        "What the next mail server said of a mail that was sent, for those who may read the mail;"
        " not in lists and not on the topic."
    ),
)
_USER: Final = shape(
    {
        "id": TEXT,
        "userName": TEXT,
        "firstName": TEXT,
        "lastName": TEXT,
        "emailAddress": TEXT,
        "roles": several({"enum": ["ROLE_AGENT", "ROLE_ADMIN"]}),
        "enabled": FLAG,
        "changePasswordOnFirstLogin": FLAG,
        "contactCenterId": TEXT,
        "uri": TEXT,
        "path": TEXT,
    }
)
_QUEUE: Final = shape(
    {
        "id": TEXT,
        "name": TEXT,
        "description": TEXT,
        "channel": {"const": "email"},
        "uri": TEXT,
        "path": TEXT,
    }
)
_AGENT_STATE: Final = shape(
    {
        "id": TEXT,
        "displayName": TEXT,
        "state": {"enum": ["Ready", "NotReady", "LoggedOut"]},
        "reason": TEXT,
        "operationName": TEXT,
    },
    ("id", "displayName", "state"),
)
_CHANNEL: Final = shape({"channel": {"const": "email"}, "userState": ref("AgentState")})
_WORKBIN: Final = shape(
    {
        "workbinId": TEXT,
        "active": FLAG,
        "workbinName": TEXT,
        "viewName": TEXT,
        "workbinType": {"enum": [1, 2], "description": "an agent's, a group's"},
        "id": TEXT,
        "displayName": TEXT,
        "uri": TEXT,
        "type": {"enum": ["Agent", "AgentGroup"]},
        "agentGroup": TEXT,
    },
    ("workbinId", "workbinName", "viewName", "workbinType", "id", "uri", "type"),
    description="A place where work is kept, in the words of 8.5.1 and of 8.5.2 at once.",
)
_UCS: Final = shape(
    {
        "from": ref("Address"),
        "reply_to": ref("Address"),
        "to": several(ref("Address")),
        "cc": several(ref("Address")),
        "bcc": several(ref("Address")),
        "sent_date": MOMENT,
        "customer_id": TEXT,
        "interaction_id": TEXT,
        "status": {"enum": [0, 1, 2, 3], "description": "new, pending, in process, stopped"},
        "entity_type": {"enum": [0, 1], "description": "E-mail In, E-mail Out"},
        "type": {"enum": ["Inbound", "Outbound"]},
        "sub_type": TEXT,
        "media_type": {"const": "email"},
        "parent_id": TEXT,
        "thread_id": TEXT,
        "external_id": TEXT,
        "reference_id": NUMBER,
        "perhaps_related": several(TEXT)
        | {
            "description": "interactions of other threads that this mail names without proof"
            " that its sender takes part in them; only those that the reader may read"
        },
        "owner_id": NUMBER,
        "creator_app_id": NUMBER,
        "start_date": MOMENT,
        "end_date": MOMENT,
        "allow_children": FLAG,
        "subject": TEXT,
        "stopped_reason": TEXT,
        "text": TEXT,
        "structured_text": TEXT,
        "structured_text_mime": TEXT,
        "binary_content": TEXT,
        "binary_content_mime": TEXT,
        "binary_content_size": NUMBER,
        "udata": ANYTHING,
        "delivery": ref("Delivery"),
    },
    (
        "customer_id",
        "interaction_id",
        "status",
        "entity_type",
        "type",
        "media_type",
        "creator_app_id",
        "start_date",
    ),
    description="E-mail In and E-mail Out (seed 004); fields without a value are left out.",
)
_FAILURE: Final = shape(
    {
        "statusCode": {"type": "integer", "minimum": 1},
        "statusMessage": TEXT,
        "status": {"const": "error"},
        "errorDescription": TEXT,
    },
    description="A failure in both dialects of the seeds at once.",
)

SCHEMAS: Final[dict[str, Schema]] = {
    "Address": _ADDRESS,
    "AgentState": _AGENT_STATE,
    "Attachment": _ATTACHMENT,
    "Channel": _CHANNEL,
    "Contact": shape(
        _USER["properties"] | _QUEUE["properties"] | {"contactType": TEXT},
        ("id", "uri", "contactType"),
    ),
    "Delivery": _DELIVERY,
    "EmailInteraction": _UCS,
    "EmailObject": _EMAIL_OBJECT,
    "Failure": _FAILURE,
    "InteractionStateMessage": _MESSAGE,
    "Queue": _QUEUE,
    "Skill": shape({"id": TEXT, "name": TEXT, "uri": TEXT, "path": TEXT}),
    "User": _USER,
    "Workbin": _WORKBIN,
}
