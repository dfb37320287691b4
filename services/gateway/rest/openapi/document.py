"""The OpenAPI 3.1 document. `python -m services.gateway.rest.openapi` writes it down."""

import json
from pathlib import Path
from typing import Any, Final

from services.gateway.operations.registry import OFFERS
from services.gateway.rest.openapi.container import WORDS
from services.gateway.rest.openapi.messages import topics
from services.gateway.rest.openapi.operations import CONTENT, CREATE, MAIL, OPERATIONS
from services.gateway.rest.openapi.paths import path_items
from services.gateway.rest.openapi.schemas import SCHEMAS
from services.gateway.rest.openapi.shapes import ref

COMMITTED: Final = Path(__file__).with_name("openapi.json")

_WORDS: Final = """\
The e-mail channel of an agent: REST for what the agent does, CometD for what happens.

Log in with HTTP Basic, with a bearer token of the configured issuer, or with the session cookie \
that the first answer sets; whoever uses the cookie alone sends the header that `X-CSRF-HEADER` \
names with every change. Set the e-mail channel to Ready, subscribe to `/v2/me/interactions` at \
`/cometd`, and answer what comes.

Every message on a topic has a `position`. A client that was away subscribes with `ext.replay` \
set to the last position that it has seen on that channel (-1 for what is new, -2 for all that is \
kept) and misses nothing, at whichever pod it lands. Channels that are named in one message with \
one position, or in several of one request, are told in the order of the journal; who subscribes \
to them one after the other keeps a position for each. A channel that is heard already goes back \
to a position that is named for it, never on. Replay brings back what a session took along when it \
was lost; what an answer took along that was lost on its way, the session living on, comes again \
to clients that acknowledge (`ext.ack`). Who must miss nothing does both.

Clients of CometD keep the cookies that the handshake sets, `BAYEUX_BROWSER` among them, and send \
them with every further request, as browsers do: without them the session is unknown (402).

An id that an answer names (`replyInteractionId`) is there a moment later. Until then everything \
about it is 503 with Retry-After, for 15 minutes at the most: ask again, and do not reply again.

A failure has a status of HTTP and a body that readers of both dialects of the original \
documentation understand.

What cannot be read as HTTP/1.1 (RFC 9112) is refused in plain text, whatever it asks for, and \
the connection closed: an address of more than 8,000 octets with 414; more than 100 headers, one \
of more than 8,000 octets, or 32,768 together, with 431; the rest with 400, 417, 501 or 505.
"""


def openapi() -> dict[str, Any]:
    """Return the whole document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Mailroom",
            "version": "2",
            "summary": "Agents' API of the e-mail channel.",
            "description": f"{_WORDS}\n{WORDS}",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/api/v2"}],
        "security": [{"basic": []}, {"session": []}, {"bearer": []}],
        "tags": [
            {"name": name}
            for name in ("Agent", "Interactions", "Workbins", "Attachments", "Directory", "History")
        ],
        "paths": path_items(),
        "x-topics": topics(),
        "components": {
            "schemas": SCHEMAS
            | {
                f"{offer.name}Operation": OPERATIONS[offer.name].body(offer.name, *offer.aliases)
                for offer in OFFERS
            }
            | {
                "CreateOperation": CREATE,
                "GetWorkbinContentOperation": CONTENT,
                "Mail": MAIL,
            },
            "responses": {
                "Failure": {
                    "description": "It did not work; the body says why.",
                    "content": {"application/json": {"schema": ref("Failure")}},
                }
            },
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic"},
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "session": {"type": "apiKey", "in": "cookie", "name": "JSESSIONID"},
            },
        },
    }


def as_json() -> str:
    """Return the document as it is served and committed."""
    return json.dumps(openapi(), indent=1, ensure_ascii=False) + "\n"
