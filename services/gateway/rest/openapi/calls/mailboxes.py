"""The calls about mailboxes whose mail is fetched."""

from typing import Final

from services.gateway.rest.openapi.answer_schemas import listing
from services.gateway.rest.openapi.calls.bodies import LIST_QUERY, OPERATION_ANSWER
from services.gateway.rest.openapi.calls.call import Call
from services.gateway.rest.openapi.schema_builders import TEXT, object_of, ref, success

MAILBOX_CALLS: Final[tuple[Call, ...]] = (
    Call(
        "get",
        "/mailboxes",
        "Mailboxes",
        "Mailboxes whose mail is fetched, and how they are; for administrators.",
        listing("mailboxes", "Mailbox"),
        query=LIST_QUERY,
    ),
    Call(
        "get",
        "/mailboxes/{address}",
        "Mailboxes",
        "One mailbox with its folders.",
        success(mailbox=ref("Mailbox")),
    ),
    Call(
        "post",
        "/mailboxes/{address}",
        "Mailboxes",
        "Have a mailbox looked into now, stopped, started, or gone through again since a time.",
        OPERATION_ANSWER,
        object_of(
            {
                "operationName": {"enum": ["LookNow", "Stop", "Start", "Backfill"]},
                "since": TEXT | {"description": "For Backfill: a day or a moment of ISO 8601."},
            },
            ("operationName",),
        )
        | {"example": {"operationName": "Backfill", "since": "2026-11-01"}},
    ),
)
