"""The calls about the files of drafts and mails."""

from typing import Final

from services.gateway.operations.request import ZERO
from services.gateway.rest.openapi.calls.bodies import BYTES
from services.gateway.rest.openapi.calls.call import Call
from services.gateway.rest.openapi.schema_builders import TEXT, array_of, object_of, ref
from services.gateway.wire.fields import INTERACTION_STATE

_REMOVED_ATTACHMENT: Final = object_of(
    {
        "statusCode": {"const": 0},
        "status": {"const": "ok"},
        "interaction": ref(INTERACTION_STATE),
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
        object_of(
            {
                "statusCode": {"const": 0},
                "documentId": TEXT,
                "status": {"const": "ok"},
                "documentIds": array_of(TEXT),
                "interaction": ref(INTERACTION_STATE),
            },
            ("statusCode", "documentId"),
        ),
        object_of({"attachment": array_of(BYTES)}),
        body_type="multipart/form-data",
        takes_wait=True,
    ),
    Call(
        "get",
        "/me/interactions/{id}/attachments/{attachment_id}",
        "Attachments",
        "The bytes of a document, all of them or one range.",
        BYTES,
        query=("disposition", "key"),
        media_type="*/*",
        takes_range=True,
    ),
    Call(
        "delete",
        "/me/interactions/{id}/attachments/{attachment_id}",
        "Attachments",
        "Remove a file from a draft. A Send after the answer does not include it.",
        _REMOVED_ATTACHMENT,
        takes_wait=True,
    ),
)
