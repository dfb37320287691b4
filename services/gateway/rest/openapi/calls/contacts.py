"""The calls about the people who write, and their mails."""

from typing import Final

from services.gateway.rest.openapi.answer_schemas import CONTACT_FIELDS, listing
from services.gateway.rest.openapi.calls.call import Call
from services.gateway.rest.openapi.examples import MERGED_CONTACT_ID
from services.gateway.rest.openapi.schema_builders import TEXT, object_of, ref, success

CONTACT_CALLS: Final[tuple[Call, ...]] = (
    Call(
        "get",
        "/ucs/contacts",
        "Contacts",
        "The contact with an address: nobody or one. `/contacts` are agents and queues.",
        listing("contacts", "Customer"),
        query=("emailAddress", "fields"),
    ),
    Call(
        "get",
        "/ucs/contacts/{id}",
        "Contacts",
        "A contact, or the one that it is merged into.",
        success(contact=ref("Customer")),
        has_etag=True,
    ),
    Call(
        "put",
        "/ucs/contacts/{id}",
        "Contacts",
        "Change some fields; addresses, groups and `blocked` are for administrators. The first"
        " address stays. Mail of a blocked contact is completed at once.",
        success(contact=ref("Customer")),
        object_of(CONTACT_FIELDS, (), additionalProperties=False, example={"name": "Ann Example"}),
        has_etag=True,
        headers=("If-Match",),
    ),
    Call(
        "post",
        "/ucs/contacts/{id}",
        "Contacts",
        "Merge `contactId` into this contact, or undo the merge of this one; for administrators."
        " Both keep their mails and addresses, and are shown as one.",
        success(contact=ref("Customer")),
        object_of(
            {"operationName": {"enum": ["Merge", "UndoMerge"]}, "contactId": TEXT},
            ("operationName",),
            example={"operationName": "Merge", "contactId": MERGED_CONTACT_ID},
        ),
        has_etag=True,
    ),
    Call(
        "get",
        "/ucs/contacts/{id}/interactions",
        "Contacts",
        "The mails of a contact in both directions, the newest first, without their content."
        " `hasMore`: ask once more with `after`, the last id of this page.",
        listing("interactions", "ContactMail"),
        query=("fields", "limit", "after"),
    ),
)
