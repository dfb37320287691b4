"""Bodies and parameters that several calls have in common."""

from typing import Final

from services.gateway.rest.openapi.shapes import TEXT, Schema, ref, several

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
LIST: Final = ("fields", "limit", "offset", "totalCount")
"""The query of a list."""
