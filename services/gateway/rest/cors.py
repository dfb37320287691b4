"""CORS for REST: methods and headers that pages of other origins may use."""

from typing import Final

from services.gateway.http.asgi import respond
from shared.bayeux.transports.origins import cors_headers
from shared.bayeux.transports.web import Scope, Send
from shared.http.answer import Answer

EXPOSED: Final = (
    "X-CSRF-HEADER, X-CSRF-TOKEN, Accept-Ranges, Content-Disposition, Content-Range, ETag, "
    "Idempotent-Replayed, Preference-Applied, Retry-After"
)
_METHODS: Final = b"GET, POST, PUT, DELETE, OPTIONS"
_HEADERS: Final = (
    b"X-Requested-With, Content-Type, Accept, Origin, Cookie, Authorization, ssid, surl, "
    b"ContactCenterId, X-CSRF-TOKEN, Idempotency-Key, If-Match, If-None-Match, If-Range, Prefer, "
    b"Range"
)


async def answer_preflight(scope: Scope, send: Send) -> None:
    """Answer a preflight (OPTIONS) of an origin that is allowed."""
    allowed = (
        (b"access-control-allow-methods", _METHODS),
        (b"access-control-allow-headers", _HEADERS),
        (b"access-control-max-age", b"600"),
    )
    await respond(send, Answer(204, headers=(*cors_headers(scope), *allowed)))
