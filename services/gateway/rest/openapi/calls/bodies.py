"""Bodies and queries that several calls have in common."""

from typing import Final

from services.gateway.rest.openapi.schema_builders import TEXT, Schema, array_of, ref
from services.gateway.wire.fields import INTERACTION_STATE

BYTES: Final[Schema] = {"type": "string", "contentMediaType": "application/octet-stream"}
RAW_MAIL: Final[Schema] = {"type": "string", "contentMediaType": "message/rfc822"}
OPERATION_ANSWER: Final[Schema] = {
    "type": "object",
    "properties": {
        "status": {"oneOf": [{"const": "ok"}, {"const": 0}]},
        "statusCode": {"const": 0},
        "interaction": ref(INTERACTION_STATE),
        "replyInteractionId": TEXT,
        "interactionId": TEXT,
        "ignoredKeys": array_of(TEXT)
        | {"description": "Changed keys of `email_object` that are not read."},
    },
    "required": ["status", "statusCode"],
}
LIST_QUERY: Final = ("fields", "limit", "offset", "totalCount")
"""The query of a list."""
