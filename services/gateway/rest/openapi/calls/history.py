"""The calls that show a mail as Context Services, as a page and as octets."""

from typing import Final

from services.gateway.rest.openapi.answer_schemas import listing
from services.gateway.rest.openapi.calls.bodies import BYTES, OPERATION_ANSWER
from services.gateway.rest.openapi.calls.call import Call
from services.gateway.rest.openapi.schema_builders import object_of, ref

HISTORY_CALLS: Final[tuple[Call, ...]] = (
    Call(
        "get",
        "/ucs/interactions/{id}",
        "History",
        "A mail in the form of Context Services.",
        ref("EmailInteraction"),
    ),
    Call(
        "post",
        "/ucs/interactions/{id}",
        "History",
        "NotAReport and Release, for administrators: a mail that was taken for a report, or that"
        " a screening rule has discarded or a flood folded, becomes an ordinary one in its queue.",
        OPERATION_ANSWER,
        object_of(
            {"operationName": {"enum": ["NotAReport", "Release"]}},
            ("operationName",),
            example={"operationName": "NotAReport"},
        ),
        takes_wait=True,
    ),
    Call(
        "get",
        "/ucs/threads/{id}",
        "History",
        "The mails of a thread in both directions, the oldest first, without their content; `id` is"
        " their `thread_id`. `hasMore`: ask once more with `after`, the last id of this page.",
        listing("interactions", "ContactMail"),
        query=("fields", "limit", "after"),
    ),
    Call(
        "get",
        "/ucs/discarded",
        "History",
        "The mails that screening rules discarded, and those of blocked contacts, the newest first,"
        " for administrators; with `mailbox` only those of one mailbox, by any of its addresses."
        " `Release` at the address of one brings it back. They are deleted"
        " after the time that `retention` of the description gives. `hasMore`: ask once more with"
        " `after`, the last id of this page.",
        listing("interactions", "DiscardedMail"),
        query=("fields", "mailbox", "limit", "after"),
    ),
    Call(
        "get",
        "/ucs/interactions/{id}/structured_text",
        "History",
        "The cleaned HTML of a mail.",
        {"type": "string"},
        media_type="text/html",
    ),
    Call(
        "get",
        "/ucs/interactions/{id}/view",
        "History",
        "The mail as a page for a frame, with its inline pictures: its cleaned HTML, else its text."
        " Its addresses of pictures are valid for ten minutes.",
        {"type": "string"},
        query=("remote",),
        media_type="text/html",
    ),
    Call(
        "get",
        "/ucs/interactions/{id}/binary_content",
        "History",
        "The raw mail, as it arrived or was sent.",
        BYTES,
        media_type="message/rfc822",
    ),
)
