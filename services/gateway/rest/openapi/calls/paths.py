"""Every address of the API with its methods, as path items of OpenAPI."""

from collections.abc import Iterable
from typing import Any, Final

from services.gateway.rest.openapi.calls.call import Call
from services.gateway.rest.openapi.schema_builders import FLAG, NUMBER, TEXT, Schema
from services.gateway.rest.search_words import LONGEST

_FAILURES: Final = tuple(
    str(code) for code in (400, 401, 403, 404, 405, 408, 409, 410, 413, 416, 421, 429, 500, 503)
)
_FAILURES_OF_POST: Final = ("412", "422")
_QUERY: Final[dict[str, tuple[Schema, str]]] = {
    "fields": (TEXT, "Return objects: `*` for all fields, or names of fields joined by commas."),
    "limit": (NUMBER | {"minimum": 1}, "At most this many."),
    "offset": (NUMBER | {"minimum": 0}, "Skip this many at the beginning."),
    "after": (TEXT, "The last id of the page before."),
    "emailAddress": (TEXT, "An address; case, plus-tag and the domain's spelling do not count."),
    "mailbox": (TEXT, "An address of a mailbox; case and plus-tag do not count."),
    "disposition": (TEXT, "`inline` for an image that a page shows."),
    "key": (
        TEXT,
        "Part of addresses in the view of a mail: for ten minutes no login is needed.",
    ),
    "remote": (
        TEXT | {"enum": ["yes", "no"], "default": "no"},
        "Whether pictures from outside are loaded, which tells the sender that the mail is read.",
    ),
    "q": (
        TEXT | {"minLength": 1, "maxLength": LONGEST},
        "Whole words, at most 10; their case and accents do not count.",
    ),
    "totalCount": (FLAG, "Return how many match on all pages."),
    "since": (
        NUMBER | {"minimum": -2},
        "The last position received; -1: return only the newest position; -2: all that is kept.",
    ),
}
_IDEMPOTENCY_HEADERS: Final = ("Idempotency-Key",)
_WAIT_HEADERS: Final = ("Prefer", "If-Match")
_KNOWN_HEADERS: Final = ("If-None-Match",)
_RANGE_HEADERS: Final = ("Range", "If-Range")
_HEADERS: Final[dict[str, tuple[Schema, str]]] = {
    "Idempotency-Key": (
        TEXT | {"minLength": 1, "maxLength": 255},
        "Of requests with the same key only one is done; for a day, the others get its answer.",
    ),
    "Prefer": (
        TEXT,
        "`wait=N`: answer with the outcome, if it comes within N seconds (at most 30).",
    ),
    "X-Envelope-From": (
        TEXT,
        "The sender of the envelope, `<>` for none; by default Return-Path or From of the mail.",
    ),
    "If-Match": (
        TEXT,
        "The ETag of the interaction or contact as the client knows it; 412 where it has changed.",
    ),
    "If-None-Match": (
        TEXT,
        "The ETag of what the client has; 304 without a body where it has not changed.",
    ),
    "Range": (TEXT, "One range, such as `bytes=0-1023`."),
    "If-Range": (
        TEXT,
        "The ETag of what the client has a part of; all of it where it has changed.",
    ),
}
_TAG: Final = {"ETag": {"description": "Names this version.", "schema": TEXT}}


def path_items(calls: Iterable[Call]) -> dict[str, Any]:
    """Return the `paths` of the document."""
    paths: dict[str, Any] = {}
    for call in calls:
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
        bodies = {call.body_type: call.body} | dict(call.other_bodies)
        content = {kind: {"schema": schema} for kind, schema in bodies.items()}
        operation["requestBody"] = {"required": True, "content": content}
    if call.security:
        operation["security"] = [{name: []} for name in call.security]
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
    may_be_repeated = call.method in {"post", "delete"}
    names = (
        *(_IDEMPOTENCY_HEADERS if may_be_repeated else ()),
        *(_WAIT_HEADERS if call.takes_wait else ()),
        *(_KNOWN_HEADERS if call.takes_if_none_match or call.takes_range else ()),
        *(_RANGE_HEADERS if call.takes_range else ()),
        *call.headers,
    )
    in_header = [
        {
            "name": name,
            "in": "header",
            "schema": _HEADERS[name][0],
            "description": _HEADERS[name][1],
        }
        for name in names
    ]
    return in_path + in_query + in_header


def _responses(call: Call) -> dict[str, Any]:
    success: dict[str, Any] = {
        "description": "Success.",
        "content": {call.media_type: {"schema": call.answers}},
    }
    if call.has_etag or call.takes_if_none_match or call.takes_range:
        success["headers"] = _TAG
    codes = _FAILURES + (_FAILURES_OF_POST if call.method in {"post", "put", "delete"} else ())
    failures = {code: {"$ref": "#/components/responses/Failure"} for code in sorted(codes)}
    later = (
        {"202": success | {"description": "The outcome is not known yet; it is sent on the topic."}}
        if call.takes_wait
        else {}
    )
    parts = {"206": success} if call.takes_range else {}
    known = (
        {"304": {"description": "The client has this version.", "headers": _TAG}}
        if call.takes_if_none_match or call.takes_range
        else {}
    )
    return {call.success_status: success, **later, **parts, **known, **failures}


def _identifier(call: Call) -> str:
    words = call.path.replace("{", "").replace("}", "").replace("_", "/").split("/")
    return call.method + "".join(word.capitalize() for word in words if word)
