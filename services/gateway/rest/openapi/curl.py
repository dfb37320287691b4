"""A curl command for each call, to try the API from a shell."""

import json
import re
from collections.abc import Mapping
from shlex import quote
from typing import Any, Final

from services.gateway.http.api_root import PREFIX
from services.gateway.notifications.topics import INTERACTIONS
from services.gateway.rest.openapi.examples import (
    CONTACT_ID,
    DOCUMENT_ID,
    DRAFT_ID,
    MAIL_ID,
    USER_ID,
)

VARIABLES: Final = """\
In the commands `$MAILROOM` is scheme and host of the gateway, and `$AGENT` is user name and \
password with a colon between them; `$TOKEN` is what `mailroom make-token` has printed."""

_CALL: Final = 'curl -u "$AGENT"'
_PROGRAM: Final = "curl -H 'Authorization: Bearer '\"$TOKEN\""
_JSON: Final = "-H 'Content-Type: application/json'"
_PARTS: Final[Mapping[str, str]] = {
    "id": MAIL_ID,
    "attachment_id": DOCUMENT_ID,
    "channel": "email",
    "address": "support@demo.example",
    "mailbox": "support@demo.example",
    "workbin": "email.in-progress",
}
_IDS: Final[Mapping[str, str]] = {"users": USER_ID, "queues": "support", "skills": "german"}
_DRAFT_OPERATIONS: Final = frozenset({"Send", "Cancel", "Save"})
_QUERY: Final[Mapping[str, str]] = {
    "fields": "*",
    "since": "-1",
    "disposition": "inline",
    "q": "invoice",
    "emailAddress": "ann@example.org",
}

COMETD: Final = (
    (
        "Log in, and keep the cookies `BAYEUX_BROWSER` and `JSESSIONID` and the `clientId`.",
        {
            "channel": "/meta/handshake",
            "version": "1.0",
            "supportedConnectionTypes": ["long-polling"],
        },
    ),
    (
        "Subscribe with that `clientId` and these cookies.",
        {"channel": "/meta/subscribe", "clientId": "CLIENT", "subscription": INTERACTIONS},
    ),
    (
        "Wait for messages; repeat this after each answer.",
        {"channel": "/meta/connect", "clientId": "CLIENT", "connectionType": "long-polling"},
    ),
)
"""The messages of a CometD client in their order, each after its explanation."""


def curl_line(method: str, path: str, call: Mapping[str, Any], body: object = None) -> str:
    """Return the command for one call; `body` is sent as JSON."""
    parts = {**_PARTS, "id": _IDS.get(path.split("/")[1], _interaction_id(method, path, body))}
    where = re.sub(r"{(\w+)}", lambda part: parts[part[1]], path)
    names = [one["name"] for one in call["parameters"] if one["in"] == "query"]
    query = "&".join(f"{name}={_QUERY[name]}" for name in names if name in _QUERY)
    address = f'"$MAILROOM{PREFIX}{where}{"?" if query else ""}{query}"'
    login = _PROGRAM if "security" in call else _CALL
    return " ".join(
        filter(None, (login, _method_option(method, call), _body_options(call, body), address))
    )


def _interaction_id(method: str, path: str, body: object) -> str:
    if path.startswith("/ucs/contacts"):
        return CONTACT_ID
    names_draft = isinstance(body, Mapping) and body.get("operationName") in _DRAFT_OPERATIONS
    # Only drafts are saved, and only theirs are the files that can be added or removed.
    is_for_drafts = method in {"put", "delete"} or path.endswith("/attachments")
    return DRAFT_ID if names_draft or is_for_drafts else MAIL_ID


def cometd_line(body: Mapping[str, Any]) -> str:
    """Return the command that sends one CometD message and keeps its cookies in a file."""
    sent = quote(json.dumps([body]))
    return f'{_CALL} -c cookies -b cookies {_JSON} -d {sent} "$MAILROOM/cometd"'


def _method_option(method: str, call: Mapping[str, Any]) -> str:
    is_plain = method == "get" or (method == "post" and "requestBody" in call)
    return "" if is_plain else f"-X {method.upper()}"


def _body_options(call: Mapping[str, Any], body: object) -> str:
    kinds = call.get("requestBody", {}).get("content", {})
    if "message/rfc822" in kinds:
        return "-H 'Content-Type: message/rfc822' --data-binary @mail.eml"
    if "multipart/form-data" in kinds:
        return "-F attachment=@invoice.pdf"
    return "" if body is None else f"{_JSON} -d {quote(json.dumps(body))}"
