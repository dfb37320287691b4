"""Which web pages may talk to the server (CORS, and cross-site hijacking of websockets)."""

from typing import Final
from urllib.parse import urlsplit

from services.gateway.bayeux.settings import BayeuxSettings
from services.gateway.bayeux.web import Answer, Header, Scope, header

_ALLOWED_HEADERS: Final = (
    b"Content-Type, Accept, Authorization, X-Requested-With, X-CSRF-TOKEN, ssid, surl"
)


def is_welcome(scope: Scope, settings: BayeuxSettings) -> bool:
    """Tell whether the page behind a request may be served; no Origin means no browser."""
    origin = header(scope, b"origin")
    if origin is None or origin in settings.allowed_origins:
        return True
    return origin.partition("://")[2] == header(scope, b"host")


def may_include(scope: Scope, settings: BayeuxSettings) -> bool:
    """Tell whether a page may load an answer as its script; browsers send no Origin with those."""
    if header(scope, b"sec-fetch-site") in {"same-origin", "none", None}:
        return True
    referer = urlsplit(header(scope, b"referer") or "")
    return f"{referer.scheme}://{referer.netloc}" in settings.allowed_origins


def cors_headers(scope: Scope) -> tuple[Header, ...]:
    """Return what lets the page of a welcome request read the answer."""
    origin = header(scope, b"origin")
    if origin is None:
        return ()
    return (
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-allow-credentials", b"true"),
        (b"vary", b"Origin"),
    )


def preflight(scope: Scope) -> Answer:
    """Answer OPTIONS of a welcome origin."""
    return Answer(
        200,
        headers=(
            *cors_headers(scope),
            (b"access-control-allow-methods", b"POST, OPTIONS"),
            (b"access-control-allow-headers", _ALLOWED_HEADERS),
            (b"access-control-max-age", b"600"),
        ),
    )
