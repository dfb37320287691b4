"""The calls about the files of drafts and mails."""

from typing import Final

from services.gateway.operations.request import ZERO
from services.gateway.rest.openapi.calls.bodies import BYTES
from services.gateway.rest.openapi.calls.call import Call
from services.gateway.rest.openapi.shapes import TEXT, ref, several, shape

_REMOVED_ATTACHMENT: Final = shape(
    {
        "statusCode": {"const": 0},
        "status": {"const": "ok"},
        "interaction": ref("InteractionStateMessage"),
    },
    ("statusCode", "status"),
    example=ZERO,
)

ATTACHMENT_CALLS: Final[tuple[Call, ...]] = (
    Call(
        "post",
        "/me/interactions/{id}/attachments",
        "Attachments",
        "Attach files to a draft: one part `attachment` for each. A Send after the answer includes"
        " them; a message on the topic says when the draft lists them.",
        shape(
            {
                "statusCode": {"const": 0},
                "documentId": TEXT,
                "status": {"const": "ok"},
                "documentIds": several(TEXT),
                "interaction": ref("InteractionStateMessage"),
            },
            ("statusCode", "documentId"),
        ),
        shape({"attachment": several(BYTES)}),
        body_type="multipart/form-data",
        may_wait=True,
    ),
    Call(
        "get",
        "/me/interactions/{id}/attachments/{attachment_id}",
        "Attachments",
        "The bytes of a document, all of them or one range.",
        BYTES,
        query=("disposition", "key"),
        media_type="*/*",
        in_parts=True,
    ),
    Call(
        "delete",
        "/me/interactions/{id}/attachments/{attachment_id}",
        "Attachments",
        "Remove a file from a draft. A Send after the answer does not include it.",
        _REMOVED_ATTACHMENT,
        may_wait=True,
    ),
)
