"""The JSON Schemas of answers (OpenAPI 3.1 section 4.8.24)."""

from typing import Final

from services.gateway.rest.openapi.message_fields import FIELDS
from services.gateway.rest.openapi.schema_builders import (
    ANYTHING,
    FLAG,
    MOMENT,
    NUMBER,
    TEXT,
    Schema,
    array_of,
    object_of,
    ref,
)
from services.gateway.wire.fields import INTERACTION_STATE
from services.gateway.wire.users import ROLES
from shared.domain.mailbox_health import Health


def listing(name: str, items: str, **beside: Schema) -> Schema:
    """Return the schema of a list: addresses, or objects where `fields` is given.

    `beside` are further fields of the answer that holds objects.
    """
    counted = {"totalCount": NUMBER, "hasMore": FLAG}
    return {
        "oneOf": [
            object_of(
                {"statusCode": {"const": 0}, "uris": array_of(TEXT), **counted},
                ("statusCode", "uris"),
                additionalProperties=False,
            ),
            object_of(
                {"statusCode": {"const": 0}, name: array_of(_partial(items)), **counted, **beside},
                ("statusCode", name),
                additionalProperties=False,
            ),
        ]
    }


def _partial(name: str) -> Schema:
    """Return the schema of an object that may have only some of its fields."""
    return object_of(FIELDS if name == INTERACTION_STATE else SCHEMAS[name]["properties"], ())


_ADDRESS: Final = object_of(
    {"address": TEXT, "personal": TEXT},
    ("address",),
    description="An address and the name shown beside it (seed 004).",
)
_USER: Final = object_of(
    {
        "id": TEXT,
        "userName": TEXT,
        "firstName": TEXT,
        "lastName": TEXT,
        "emailAddress": TEXT,
        "roles": array_of({"enum": list(ROLES.values())}),
        "enabled": FLAG,
        "changePasswordOnFirstLogin": FLAG,
        "contactCenterId": TEXT,
        "uri": TEXT,
        "path": TEXT,
    }
)
_QUEUE: Final = object_of(
    {
        "id": TEXT,
        "name": TEXT,
        "description": TEXT,
        "channel": {"const": "email"},
        "uri": TEXT,
        "path": TEXT,
    }
)
_AGENT_STATE: Final = object_of(
    {
        "id": TEXT,
        "displayName": TEXT,
        "state": {"enum": ["Ready", "NotReady", "LoggedOut"]},
        "reason": TEXT,
        "operationName": TEXT,
    },
    ("id", "displayName", "state"),
)
_CHANNEL: Final = object_of({"channel": {"const": "email"}, "userState": ref("AgentState")})
_WORKBIN: Final = object_of(
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
    description="A workbin, with the fields of releases 8.5.1 and 8.5.2.",
)
_UCS: Final = object_of(
    {
        "from": ref("Address"),
        "reply_to": ref("Address"),
        "to": array_of(ref("Address")),
        "cc": array_of(ref("Address")),
        "bcc": array_of(ref("Address")),
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
        "perhaps_related": array_of(TEXT)
        | {
            "description": "Interactions of other threads that this mail refers to, without proof"
            " that its sender takes part in them. Only those that the reader may read."
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
_MAILBOX_STATE: Final = {"enum": [health.value for health in Health]}
_MAILBOX_TIMES: Final = {
    "lastLookAt": MOMENT,
    "lastMailAt": MOMENT,
    "fault": object_of({"code": TEXT, "words": TEXT, "do": TEXT}),
}
_MAILBOX_FOLDER: Final = object_of(
    {
        "name": TEXT,
        "state": _MAILBOX_STATE,
        "behind": NUMBER,
        "uid": NUMBER,
        "uidValidity": NUMBER,
        "skipped": array_of(object_of({"uid": NUMBER, "reason": TEXT})),
    }
    | _MAILBOX_TIMES,
    ("name", "state", "behind", "uid", "skipped"),
)
_MAILBOX: Final = object_of(
    {
        "id": TEXT,
        "address": TEXT,
        "state": _MAILBOX_STATE,
        "behind": NUMBER | {"description": "Mails seen and not fetched yet."},
        "mailsToday": NUMBER,
        "faults": NUMBER | {"description": "Looks that failed in a row."},
        "folders": array_of(_MAILBOX_FOLDER),
        "uri": TEXT,
        "path": TEXT,
    }
    | _MAILBOX_TIMES,
    ("id", "address", "state", "behind", "mailsToday", "faults", "folders", "uri", "path"),
    description="A mailbox whose mail is fetched; its state is that of its worst folder.",
)
_FAILURE: Final = object_of(
    {
        "statusCode": {"type": "integer", "minimum": 1},
        "statusMessage": TEXT,
        "status": {"const": "error"},
        "errorDescription": TEXT,
    },
    description="A failure, with the fields of both dialects of the seeds.",
)

CONTACT_FIELDS: Final[Schema] = {
    "name": TEXT | {"description": "A name given by hand; empty: the newest of the mails."},
    "language": TEXT | {"description": "A language tag such as de or pt-BR, or empty."},
    "attributes": {"type": "object", "additionalProperties": TEXT},
    "addresses": array_of(TEXT),
    "groups": array_of(TEXT),
    "blocked": FLAG,
}
"""The fields of a contact that can be changed."""

_CUSTOMER: Final = object_of(
    {
        "id": TEXT,
        **CONTACT_FIELDS,
        "names": array_of(TEXT) | {"description": "What mails showed beside the address."},
        "merged": array_of(
            object_of(
                {
                    "id": TEXT,
                    "addresses": array_of(TEXT),
                    "into": TEXT,
                    "mergedAt": MOMENT,
                    "mergedBy": TEXT,
                },
                ("id", "addresses"),
            )
        ),
        "lastMailAt": MOMENT,
        "lastAgentId": TEXT,
        "uri": TEXT,
        "path": TEXT,
    },
    ("id", *CONTACT_FIELDS, "names", "merged", "uri", "path"),
    description="Somebody who writes to us. Names and addresses are also those of the contacts"
    " that are merged into this one.",
)

SCHEMAS: Final[dict[str, Schema]] = {
    "Address": _ADDRESS,
    "AgentState": _AGENT_STATE,
    "Channel": _CHANNEL,
    "Contact": object_of(
        _USER["properties"] | _QUEUE["properties"] | {"contactType": TEXT},
        ("id", "uri", "contactType"),
    ),
    "DiscardedMail": _UCS
    | {"properties": _UCS["properties"] | {"uri": TEXT, "reason": TEXT, "deletedAfter": TEXT}},
    "ContactMail": _UCS | {"properties": _UCS["properties"] | {"uri": TEXT}},
    "Customer": _CUSTOMER,
    "EmailInteraction": _UCS,
    "Failure": _FAILURE,
    "Mailbox": _MAILBOX,
    "Queue": _QUEUE,
    "Sender": object_of({"address": TEXT, "personal": TEXT}),
    "Skill": object_of({"id": TEXT, "name": TEXT, "uri": TEXT, "path": TEXT}),
    "User": _USER,
    "Workbin": _WORKBIN,
}
