"""Every address of the API with its methods, as OpenAPI's path items."""

from dataclasses import dataclass
from typing import Any, Final

from services.gateway.description.operations import OPERATIONS
from services.gateway.description.schemas import (
    FLAG,
    NUMBER,
    TEXT,
    Schema,
    answering,
    constant,
    listing,
    ref,
    several,
    shape,
)
from services.gateway.operations.asked import OK
from services.gateway.operations.registry import OFFERS

_FAILURES: Final = ("400", "401", "403", "404", "405", "409", "413", "429", "500", "503")
_LIST: Final = ("fields", "limit", "offset", "totalCount")
_CHANNEL_NAMES: Final = ("Ready", "NotReady")
_SESSION_NAMES: Final = (
    "StartContactCenterSession",
    "EndContactCenterSession",
    *_CHANNEL_NAMES,
)


@dataclass(frozen=True, slots=True)
class Call:
    """One method of one address."""

    method: str
    path: str
    tag: str
    summary: str
    answers: Schema
    body: Schema | None = None
    query: tuple[str, ...] = ()
    media_type: str = "application/json"


def _named(*names: str) -> Schema:
    return shape({"operationName": {"enum": list(names)}}, example={"operationName": names[0]})


def _operation_bodies() -> Schema:
    variants = [f"{name}Operation" for name in OPERATIONS]
    return {
        "oneOf": [ref(name) for name in variants],
        "discriminator": {
            "propertyName": "operationName",
            "mapping": {
                name: f"#/components/schemas/{offer.name}Operation"
                for offer in OFFERS
                for name in (offer.name, *offer.aliases)
            },
        },
    }


_BYTES: Final[Schema] = {"type": "string", "contentMediaType": "application/octet-stream"}
_ANSWERED: Final[Schema] = {
    "type": "object",
    "properties": {
        "status": {"oneOf": [{"const": "ok"}, {"const": 0}]},
        "statusCode": {"const": 0},
        "replyInteractionId": TEXT,
        "interactionId": TEXT,
    },
    "required": ["status", "statusCode"],
}
_ONE_INTERACTION: Final = answering(interaction=ref("InteractionStateMessage"))

CALLS: Final = (
    Call("get", "/me", "Agent", "Who am I?", answering(user=ref("User"))),
    Call(
        "post",
        "/me",
        "Agent",
        "Begin or end the session; Ready or not on all channels.",
        constant(OK),
        _named(*_SESSION_NAMES),
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
        "/me/channels/email",
        "Agent",
        "My e-mail channel.",
        answering(channel=ref("Channel")),
    ),
    Call(
        "post",
        "/me/channels/email",
        "Agent",
        "Ready or not for e-mail.",
        constant(OK),
        _named(*_CHANNEL_NAMES),
    ),
    Call(
        "get",
        "/me/interactions",
        "Interactions",
        "What is offered to me and what I work on.",
        listing("interactions", "InteractionStateMessage"),
        query=_LIST,
    ),
    Call(
        "post",
        "/me/interactions",
        "Interactions",
        "Create an interaction.",
        _ANSWERED,
        shape({"operationName": TEXT}),
    ),
    Call("get", "/me/interactions/{id}", "Interactions", "One of mine.", _ONE_INTERACTION),
    Call(
        "post",
        "/me/interactions/{id}",
        "Interactions",
        "Do something to an interaction. `ok` means that the system has taken the order; what"
        " came of it is told on the topic.",
        _ANSWERED,
        _operation_bodies(),
    ),
    Call(
        "get",
        "/me/interactions/{id}/attachments/{attachment_id}",
        "Attachments",
        "The bytes of a document.",
        _BYTES,
        media_type="*/*",
    ),
    Call(
        "get",
        "/interactions",
        "Interactions",
        "Everything that is not finished.",
        listing("interactions", "InteractionStateMessage"),
        query=_LIST,
    ),
    Call("get", "/interactions/{id}", "Interactions", "One of all.", _ONE_INTERACTION),
    Call("get", "/users", "Directory", "Agents.", listing("users", "User"), query=_LIST),
    Call("get", "/users/{id}", "Directory", "One agent.", answering(user=ref("User"))),
    Call("get", "/queues", "Directory", "Queues.", listing("queues", "Queue"), query=_LIST),
    Call("get", "/queues/{id}", "Directory", "One queue.", answering(queue=ref("Queue"))),
    Call("get", "/skills", "Directory", "Skills.", listing("skills", "Skill"), query=_LIST),
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
        "/ucs/interactions/{id}",
        "History",
        "A mail as Context Services show it.",
        ref("EmailInteraction"),
    ),
    Call(
        "get",
        "/ucs/interactions/{id}/structured_text",
        "History",
        "Its safe HTML.",
        {"type": "string"},
        media_type="text/html",
    ),
    Call(
        "get",
        "/ucs/interactions/{id}/binary_content",
        "History",
        "Its octets, as they arrived or were sent.",
        _BYTES,
        media_type="message/rfc822",
    ),
)

_QUERY: Final[dict[str, tuple[Schema, str]]] = {
    "fields": (TEXT, "Give objects: `*` for all of their fields, or names with commas."),
    "limit": (NUMBER | {"minimum": 1}, "How many at the most."),
    "offset": (NUMBER | {"minimum": 0}, "How many to leave out at the beginning."),
    "totalCount": (FLAG, "Count all that match."),
}


def path_items() -> dict[str, Any]:
    """Return the `paths` of the document."""
    paths: dict[str, Any] = {}
    for call in CALLS:
        paths.setdefault(call.path, {})[call.method] = _operation(call)
    return paths


def _operation(call: Call) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "tags": [call.tag],
        "summary": call.summary,
        "operationId": _identifier(call),
        "parameters": _parameters(call),
        "responses": _responses(call),
    }
    if call.body is not None:
        content = {"application/json": {"schema": call.body}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _parameters(call: Call) -> list[dict[str, Any]]:
    places = [one[1:-1] for one in call.path.split("/") if one.startswith("{")]
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": TEXT | {"minLength": 1}}
        for name in places
    ]
    in_query = [
        {"name": name, "in": "query", "schema": _QUERY[name][0], "description": _QUERY[name][1]}
        for name in call.query
    ]
    return in_path + in_query


def _responses(call: Call) -> dict[str, Any]:
    success = {
        "description": "It worked.",
        "content": {call.media_type: {"schema": call.answers}},
    }
    failures = {code: {"$ref": "#/components/responses/Failure"} for code in _FAILURES}
    return {"200": success, **failures}


def _identifier(call: Call) -> str:
    words = call.path.replace("{", "").replace("}", "").replace("_", "/").split("/")
    return call.method + "".join(word.capitalize() for word in words if word)
