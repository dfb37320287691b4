"""Every method of every address, with its parameters, body and answer."""

from typing import Final

from services.gateway.operations.request import OK
from services.gateway.rest.openapi.call import Call
from services.gateway.rest.openapi.call_bodies import (
    ANSWERED,
    BYTES,
    CHANNEL_STATE,
    DRAFT,
    EVENTS,
    FOUND,
    ONE_INTERACTION,
    RAW_MAIL,
    REMOVED_ATTACHMENT,
    SESSION,
    SOME_CHANNELS,
    WORKBIN_OPERATION,
    operation_bodies,
)
from services.gateway.rest.openapi.samples import MERGED_CONTACT_ID
from services.gateway.rest.openapi.schemas import CONTACT_FIELDS, listing
from services.gateway.rest.openapi.shapes import (
    NUMBER,
    TEXT,
    answering,
    constant,
    ref,
    several,
    shape,
)

_LIST: Final = ("fields", "limit", "offset", "totalCount")

CALLS: Final = (
    Call("get", "/me", "Agent", "The agent who is logged in.", answering(user=ref("User"))),
    Call(
        "post",
        "/me",
        "Agent",
        "Begin or end the session, or set the state on all channels. Its end deletes the cookie,"
        " and closes within seconds what was opened by cookie alone.",
        {"oneOf": [constant(OK), SOME_CHANNELS]},
        SESSION,
    ),
    Call(
        "delete",
        "/me/sessions",
        "Agent",
        "End all my sessions, this one too. All cookies become invalid, and what is open by"
        " password or cookie is closed within seconds.",
        constant(OK),
    ),
    Call(
        "get",
        "/me/channels",
        "Agent",
        "My channels.",
        {"oneOf": [answering(uris=several(TEXT)), answering(channels=several(ref("Channel")))]},
        query=("fields",),
    ),
    Call(
        "get",
        "/me/channels/{channel}",
        "Agent",
        "One of my channels; the only one is `email`.",
        answering(channel=ref("Channel")),
    ),
    Call(
        "post",
        "/me/channels/{channel}",
        "Agent",
        "Set my state on one channel.",
        constant(OK),
        CHANNEL_STATE,
    ),
    Call(
        "get",
        "/me/interactions",
        "Interactions",
        "The interactions that are offered to me or that I work on. With `fields` also the"
        " `position` to subscribe with.",
        listing("interactions", "InteractionStateMessage", position=NUMBER),
        query=_LIST,
    ),
    Call(
        "post",
        "/me/interactions",
        "Interactions",
        "Begin a mail, or have the content of a workbin sent on the topic.",
        ANSWERED,
        {
            "oneOf": [ref("CreateOperation"), ref("GetWorkbinContentOperation")],
            "discriminator": {
                "propertyName": "operationName",
                "mapping": {
                    name: f"#/components/schemas/{name}Operation"
                    for name in ("Create", "GetWorkbinContent")
                },
            },
        },
        may_wait=True,
    ),
    Call(
        "get",
        "/me/interactions/events",
        "Interactions",
        "The messages on my topics after a position. 410 where some of them are no longer kept:"
        " read `/me/interactions?fields=*` and continue from its `position`.",
        EVENTS,
        query=("since", "limit"),
    ),
    Call(
        "get",
        "/me/interactions/{id}",
        "Interactions",
        "One interaction that is offered to me or that I work on.",
        ONE_INTERACTION,
    ),
    Call(
        "post",
        "/me/interactions/{id}",
        "Interactions",
        "Perform an operation on an interaction. `ok` means that the command is stored; its outcome"
        " is sent on the topic.",
        ANSWERED,
        operation_bodies(),
        may_wait=True,
    ),
    Call(
        "put",
        "/me/interactions/{id}",
        "Interactions",
        "Save a draft.",
        ANSWERED,
        DRAFT,
        may_wait=True,
    ),
    Call(
        "put",
        "/interactions/{id}",
        "Interactions",
        "Save a draft.",
        ANSWERED,
        DRAFT,
        may_wait=True,
    ),
    Call(
        "get",
        "/settings/agent-states",
        "Agent",
        "The states that an agent may choose.",
        answering(agentStates=several(ref("AgentState")), settings=several(ref("AgentState"))),
    ),
    Call(
        "get",
        "/me/workbins",
        "Workbins",
        "My workbins and those of my groups.",
        answering(**FOUND, workbins=several(ref("Workbin"))),
        query=("fields",),
    ),
    Call(
        "post",
        "/me/workbins",
        "Workbins",
        "Put an interaction into the workbin that `workbin` names, or take it out.",
        ANSWERED,
        WORKBIN_OPERATION,
        may_wait=True,
    ),
    Call(
        "get",
        "/me/workbins/{workbin}",
        "Workbins",
        "A workbin and what is in it.",
        answering(
            **FOUND,
            workbin=ref("Workbin"),
            interactions=several(ref("InteractionStateMessage")),
        ),
    ),
    Call(
        "post",
        "/me/workbins/{workbin}",
        "Workbins",
        "Put an interaction into this workbin, or take it out.",
        ANSWERED,
        WORKBIN_OPERATION,
        may_wait=True,
    ),
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
        REMOVED_ATTACHMENT,
        may_wait=True,
    ),
    Call(
        "get",
        "/interactions",
        "Interactions",
        "All interactions that are not finished.",
        listing("interactions", "InteractionStateMessage"),
        query=_LIST,
    ),
    Call("get", "/interactions/{id}", "Interactions", "One interaction.", ONE_INTERACTION),
    Call("get", "/users", "Directory", "Agents.", listing("users", "User"), query=_LIST),
    Call("get", "/users/{id}", "Directory", "One agent.", answering(user=ref("User"))),
    Call("get", "/queues", "Directory", "Queues.", listing("queues", "Queue"), query=_LIST),
    Call("get", "/queues/{id}", "Directory", "One queue.", answering(queue=ref("Queue"))),
    Call("get", "/skills", "Directory", "Skills.", listing("skills", "Skill"), query=_LIST),
    Call("get", "/skills/{id}", "Directory", "One skill.", answering(skill=ref("Skill"))),
    Call(
        "get",
        "/contacts",
        "Directory",
        "Agents and queues to transfer to.",
        listing("contacts", "Contact"),
        query=_LIST,
    ),
    Call(
        "get",
        "/mailboxes",
        "Mailboxes",
        "Mailboxes whose mail is fetched, and how they are; for administrators.",
        listing("mailboxes", "Mailbox"),
        query=_LIST,
    ),
    Call(
        "get",
        "/mailboxes/{address}",
        "Mailboxes",
        "One mailbox with its folders.",
        answering(mailbox=ref("Mailbox")),
    ),
    Call(
        "post",
        "/mailboxes/{address}",
        "Mailboxes",
        "Have a mailbox looked into now, stopped, started, or gone through again since a time.",
        ANSWERED,
        shape(
            {
                "operationName": {"enum": ["LookNow", "Stop", "Start", "Backfill"]},
                "since": TEXT | {"description": "For Backfill: a day or a moment of ISO 8601."},
            },
            ("operationName",),
        )
        | {"example": {"operationName": "Backfill", "since": "2026-11-01"}},
    ),
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
        answering(contact=ref("Customer")),
    ),
    Call(
        "put",
        "/ucs/contacts/{id}",
        "Contacts",
        "Change some fields; addresses, groups and `blocked` are for administrators. The first"
        " address stays. Mail of a blocked contact is completed at once.",
        answering(contact=ref("Customer")),
        shape(CONTACT_FIELDS, (), additionalProperties=False, example={"name": "Ann Example"}),
        headers=("If-Match",),
    ),
    Call(
        "post",
        "/ucs/contacts/{id}",
        "Contacts",
        "Merge `contactId` into this contact, or undo the merge of this one; for administrators."
        " Both keep their mails and addresses, and are shown as one.",
        answering(contact=ref("Customer")),
        shape(
            {"operationName": {"enum": ["Merge", "UndoMerge"]}, "contactId": TEXT},
            ("operationName",),
            example={"operationName": "Merge", "contactId": MERGED_CONTACT_ID},
        ),
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
        " a screening rule has discarded, becomes an ordinary one in its queue.",
        ANSWERED,
        shape(
            {"operationName": {"enum": ["NotAReport", "Release"]}},
            ("operationName",),
            example={"operationName": "NotAReport"},
        ),
        may_wait=True,
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
    Call(
        "post",
        "/ingest/{mailbox}",
        "Incoming mail",
        "Hand in a mail for a mailbox, as a server does by SMTP. Once this is answered, a majority"
        " of databases holds it. Programs do so with a token of their own (`mailroom make-token`).",
        shape(
            {"statusCode": {"const": 0}, "arrivalId": TEXT},
            ("statusCode", "arrivalId"),
            example={"statusCode": 0, "arrivalId": "00009A8T8Y130123"},
        ),
        RAW_MAIL,
        body_type="message/rfc822",
        other_bodies=(("multipart/form-data", shape({"mail": RAW_MAIL}, ("mail",))),),
        success="202",
        headers=("X-Envelope-From",),
        security=("token",),
    ),
)
