"""The OpenAPI 3.1 document. `python -m services.gateway.rest.openapi` writes the committed file."""

import json
from typing import Any, Final

from services.gateway.http.api_root import PREFIX
from services.gateway.operations.registry import DESCRIBED
from services.gateway.rest.openapi.answer_schemas import SCHEMAS
from services.gateway.rest.openapi.calls.agent import AGENT_CALLS
from services.gateway.rest.openapi.calls.attachments import ATTACHMENT_CALLS
from services.gateway.rest.openapi.calls.contacts import CONTACT_CALLS
from services.gateway.rest.openapi.calls.directory import DIRECTORY_CALLS
from services.gateway.rest.openapi.calls.history import HISTORY_CALLS
from services.gateway.rest.openapi.calls.incoming_mail import INCOMING_MAIL_CALLS
from services.gateway.rest.openapi.calls.interactions import INTERACTION_CALLS
from services.gateway.rest.openapi.calls.mailboxes import MAILBOX_CALLS
from services.gateway.rest.openapi.calls.paths import path_items
from services.gateway.rest.openapi.calls.workbins import WORKBIN_CALLS
from services.gateway.rest.openapi.html_advice import HTML_ADVICE
from services.gateway.rest.openapi.messages import MESSAGES, topics
from services.gateway.rest.openapi.operation_bodies import MAIL, operation_body
from services.gateway.rest.openapi.schema_builders import ref

_CALLS: Final = (
    *AGENT_CALLS,
    *INTERACTION_CALLS,
    *WORKBIN_CALLS,
    *ATTACHMENT_CALLS,
    *DIRECTORY_CALLS,
    *MAILBOX_CALLS,
    *CONTACT_CALLS,
    *HISTORY_CALLS,
    *INCOMING_MAIL_CALLS,
)
_TAGS: Final = (
    "Agent",
    "Interactions",
    "Workbins",
    "Attachments",
    "Directory",
    "Mailboxes",
    "History",
    "Contacts",
    "Incoming mail",
)
_DESCRIPTION: Final = """\
The e-mail channel of an agent. Agents act over REST, and CometD notifies them of what happens.

Log in with HTTP Basic, with a bearer token of the configured issuer, or with the session cookie \
that the first answer sets. A client that sends only the cookie adds a CSRF token to every change: \
a GET answers with the token, and `X-CSRF-HEADER` names its header. Then set the e-mail channel to \
Ready, subscribe to `/v2/me/interactions` at `/cometd`, and act on the messages that come.

Every message on a topic has a `position`: its place in the agent's journal. A client that was \
away makes a new handshake at any pod, and subscribes with the last position that it has received, \
for example `"ext": {"replay": 42}`. It gets all later messages first, in their order, and then \
the new ones. -1 asks for new messages only, -2 for all that are kept. Where a later message is no \
longer kept, the subscription is refused.

A client that subscribes to all its channels in one request keeps one position for all of them: \
their messages come in the order of the journal. A client that subscribes to them in separate \
requests keeps one position for each channel. Subscribing again to a channel with an earlier \
position repeats its messages from there; a later position changes nothing.

Replay repeats what a lost session missed. It does not repeat what was in a lost answer while the \
session lived on: the extension `ext.ack` does. A client that must miss nothing uses both.

Clients of CometD keep the cookies that the handshake sets, `BAYEUX_BROWSER` among them, and send \
them with every later request, as browsers do. Without them the session is unknown (402).

An id in an answer (`replyInteractionId`) can be used a moment later. Until then every request \
about it gets 503 with Retry-After, for at most 15 minutes. Repeat that request, and do not reply \
again.

A failure has an HTTP status, and a body that clients of both dialects of the original \
documentation understand.

A user may have 100 requests at the same time (`GATEWAY_REQUESTS_PER_USER`), uploads and downloads \
among them. The next one gets 429 with Retry-After and has changed nothing: send it again when one \
of the others is answered.

A body of JSON has at most 32 levels, and 30,000 texts, commas and opening brackets; else it is \
refused with 400.

A request that is not HTTP/1.1 (RFC 9112) is refused in plain text, and the connection closed: an \
address of more than 8,000 octets with 414; more than 100 headers, a header of more than 8,000 \
octets, or 32,768 octets of headers together with 431; others with 400, 417, 501 or 505.
"""


def openapi() -> dict[str, Any]:
    """Return the whole document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Mailroom",
            "version": "2",
            "summary": "Agents' API of the e-mail channel.",
            "description": f"{_DESCRIPTION}\n{HTML_ADVICE}",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": PREFIX}],
        "security": [{"basic": []}, {"session": []}, {"bearer": []}],
        "tags": [{"name": name} for name in _TAGS],
        "paths": path_items(_CALLS),
        "x-topics": topics(),
        "components": {
            "schemas": MESSAGES
            | SCHEMAS
            | {f"{one.name}Operation": operation_body(one) for one in DESCRIBED}
            | {"Mail": MAIL},
            "responses": {
                "Failure": {
                    "description": "The request failed; the body says why.",
                    "content": {"application/json": {"schema": ref("Failure")}},
                }
            },
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic"},
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token of a program, which `tokens` in contact-center.yaml "
                    "knows and `drop` of the mailbox lets in.",
                },
                "session": {"type": "apiKey", "in": "cookie", "name": "JSESSIONID"},
            },
        },
    }


def as_json() -> str:
    """Return the document as JSON text, as it is committed and served."""
    return json.dumps(openapi(), indent=1, ensure_ascii=False) + "\n"
