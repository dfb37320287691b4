"""Every method of every address, with its parameters, body and answer."""

from dataclasses import dataclass
from typing import Final

from services.gateway.operations.assignment.get_workbin_content import GET_WORKBIN_CONTENT
from services.gateway.operations.drafts.save import UPDATE
from services.gateway.operations.registry import OFFERS
from services.gateway.operations.request import OK, ZERO
from services.gateway.rest.openapi.operations import WORKBIN, parameter_schemas
from services.gateway.rest.openapi.schemas import listing
from services.gateway.rest.openapi.shapes import (
    FLAG,
    NUMBER,
    TEXT,
    Schema,
    answering,
    constant,
    optional,
    ref,
    several,
    shape,
)

_LIST: Final = ("fields", "limit", "offset", "totalCount")


@dataclass(frozen=True, slots=True)
class Call:
    """One method of one address.

    `in_parts`: it may be answered with a range (206) or without a body (304). `may_wait`: it takes
    `Prefer: wait` and may be answered 202. `other_bodies` are by media type. `success` is the
    status of success, `headers` are further ones, and `security` replaces that of the document.
    """

    method: str
    path: str
    tag: str
    summary: str
    answers: Schema
    body: Schema | None = None
    query: tuple[str, ...] = ()
    media_type: str = "application/json"
    body_type: str = "application/json"
    in_parts: bool = False
    may_wait: bool = False
    other_bodies: tuple[tuple[str, Schema], ...] = ()
    success: str = "200"
    headers: tuple[str, ...] = ()
    security: tuple[str, ...] = ()


def _operation_bodies() -> Schema:
    operations = (*OFFERS, GET_WORKBIN_CONTENT)
    return {
        "oneOf": [ref(f"{one.name}Operation") for one in operations],
        "discriminator": {
            "propertyName": "operationName",
            "mapping": {
                name: f"#/components/schemas/{one.name}Operation"
                for one in operations
                for name in one.names
            },
        },
    }


_BYTES: Final[Schema] = {"type": "string", "contentMediaType": "application/octet-stream"}
_MAIL: Final[Schema] = {"type": "string", "contentMediaType": "message/rfc822"}
_ANSWERED: Final[Schema] = {
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
_STATE: Final = shape(
    {"operationName": TEXT},
    description="Ready, NotReady, or another state of /settings/agent-states.",
    example={"operationName": "Ready"},
)
_SESSION: Final = shape(
    {
        "operationName": TEXT,
        "channels": optional(several(TEXT)),
        **{name: {"description": "Not read."} for name in ("place", "loginCode", "queue")},
    },
    ("operationName",),
    description="StartContactCenterSession, EndContactCenterSession, or an agent's state.",
    example={"operationName": "StartContactCenterSession", "channels": ["email"]},
)
_SOME_CHANNELS: Final = shape(
    {
        "statusCode": {"const": 7},
        "statusMessage": TEXT,
        "status": {"const": "ok"},
        "channels": several(shape({"channel": TEXT, "statusCode": NUMBER})),
    },
    description="Some of the channels are not offered here.",
)
_UPDATE: Final = shape(
    parameter_schemas(UPDATE.parameters), (), description=UPDATE.summary, example=UPDATE.example
)
_IN_A_WORKBIN: Final = shape(
    {
        "operationName": {
            "enum": [
                "AddInteraction",
                "AddEmail",
                "AddInteractionToWorkbin",
                "PullInteraction",
                "PullEmail",
                "GetWorkbinContent",
                "SubscribeWorkbinEvents",
                "UnsubscribeWorkbinEvents",
            ]
        },
        "id": optional(TEXT),
        "interactionId": optional(TEXT),
        "workbin": optional(WORKBIN),
        "agentGroup": optional(TEXT),
    },
    ("operationName",),
    description="AddInteraction and PullInteraction need the `id` of the interaction.",
    example={"operationName": "AddInteraction", "id": "00009A8T8Y130124"},
)
_WORKBINS_FOUND: Final = {"status": {"const": 0}}
_REMOVED: Final = shape(
    {
        "statusCode": {"const": 0},
        "status": {"const": "ok"},
        "interaction": ref("InteractionStateMessage"),
    },
    ("statusCode", "status"),
    example=ZERO,
)
_ONE_INTERACTION: Final = answering(interaction=ref("InteractionStateMessage"))
_EVENTS: Final = shape(
    {
        "statusCode": {"const": 0},
        "events": several(shape({"channel": TEXT, "data": {}})),
        "position": NUMBER,
        "hasMore": FLAG,
    },
    ("statusCode", "events", "position"),
    additionalProperties=False,
)

CALLS: Final = (
    Call("get", "/me", "Agent", "The agent who is logged in.", answering(user=ref("User"))),
    Call(
        "post",
        "/me",
        "Agent",
        "Begin or end the session, or set the state on all channels. Its end deletes the cookie,"
        " and closes within seconds what was opened by cookie alone.",
        {"oneOf": [constant(OK), _SOME_CHANNELS]},
        _SESSION,
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
        _STATE,
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
        _ANSWERED,
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
        _EVENTS,
        query=("since", "limit"),
    ),
    Call(
        "get",
        "/me/interactions/{id}",
        "Interactions",
        "One interaction that is offered to me or that I work on.",
        _ONE_INTERACTION,
    ),
    Call(
        "post",
        "/me/interactions/{id}",
        "Interactions",
        "Perform an operation on an interaction. `ok` means that the command is stored; its outcome"
        " is sent on the topic.",
        _ANSWERED,
        _operation_bodies(),
        may_wait=True,
    ),
    Call(
        "put",
        "/me/interactions/{id}",
        "Interactions",
        "Save a draft.",
        _ANSWERED,
        _UPDATE,
        may_wait=True,
    ),
    Call(
        "put",
        "/interactions/{id}",
        "Interactions",
        "Save a draft.",
        _ANSWERED,
        _UPDATE,
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
        answering(**_WORKBINS_FOUND, workbins=several(ref("Workbin"))),
        query=("fields",),
    ),
    Call(
        "post",
        "/me/workbins",
        "Workbins",
        "Put an interaction into the workbin that `workbin` names, or take it out.",
        _ANSWERED,
        _IN_A_WORKBIN,
        may_wait=True,
    ),
    Call(
        "get",
        "/me/workbins/{workbin}",
        "Workbins",
        "A workbin and what is in it.",
        answering(
            **_WORKBINS_FOUND,
            workbin=ref("Workbin"),
            interactions=several(ref("InteractionStateMessage")),
        ),
    ),
    Call(
        "post",
        "/me/workbins/{workbin}",
        "Workbins",
        "Put an interaction into this workbin, or take it out.",
        _ANSWERED,
        _IN_A_WORKBIN,
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
        shape({"attachment": several(_BYTES)}),
        body_type="multipart/form-data",
        may_wait=True,
    ),
    Call(
        "get",
        "/me/interactions/{id}/attachments/{attachment_id}",
        "Attachments",
        "The bytes of a document, all of them or one range.",
        _BYTES,
        query=("disposition", "key"),
        media_type="*/*",
        in_parts=True,
    ),
    Call(
        "delete",
        "/me/interactions/{id}/attachments/{attachment_id}",
        "Attachments",
        "Remove a file from a draft. A Send after the answer does not include it.",
        _REMOVED,
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
    Call("get", "/interactions/{id}", "Interactions", "One interaction.", _ONE_INTERACTION),
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
        _ANSWERED,
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
        _ANSWERED,
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
        _BYTES,
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
        _MAIL,
        body_type="message/rfc822",
        other_bodies=(("multipart/form-data", shape({"mail": _MAIL}, ("mail",))),),
        success="202",
        headers=("X-Envelope-From",),
        security=("token",),
    ),
)
