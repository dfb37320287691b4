"""Decides which web pages may use the server (CORS, cross-site websocket hijacking)."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from shared.bayeux.settings import BayeuxSettings
from shared.bayeux.transports.web import Scope, header
from shared.http.answer import Answer, Header

_ORIGIN: Final = re.compile(r"(https?)://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([0-9]{1,5}))?")
_PORTS: Final[Mapping[str, int]] = MappingProxyType({"http": 80, "https": 443})
_LOOPBACK: Final = frozenset({"127.0.0.1", "[::1]", "localhost"})


class Origin(NamedTuple):
    """The origin of a page, in lower case; an IPv6 address has brackets."""

    scheme: str
    host: str
    port: int


def is_allowed_origin(scope: Scope, settings: BayeuxSettings) -> bool:
    """Tell whether the page that sent a request may be served; without Origin it is no page.

    An origin is welcome if it is in `allowed_origins` or equals our own in scheme, host and port
    (RFC 6454, 5). Behind a trusted proxy the scheme comes from `X-Forwarded-Proto`.
    """
    origin = header(scope, b"origin")
    if origin is None or origin in settings.allowed_origins:
        return True
    page = origin_of(origin)
    return page is not None and page == origin_of(settings.public_origin or _request_origin(scope))


def is_known_host(scope: Scope, settings: BayeuxSettings) -> bool:
    """Tell whether Host names this server; always true without `public_origin`.

    A foreign name that resolves to our address would make its pages same-origin (DNS rebinding).
    """
    if not settings.public_origin:
        return True
    named = origin_of(f"http://{_host(scope)}")
    return named is not None and named.host in {*settings.known_hosts, *_LOOPBACK}


def origin_of(text: str) -> Origin | None:
    """Return scheme, host and port; None for anything but http and https, such as `null`."""
    found = _ORIGIN.fullmatch(text.lower())
    if found is None:
        return None
    scheme, host, port = found.groups()
    return Origin(scheme, host.rstrip("."), int(port) if port else _PORTS[scheme])


def _request_origin(scope: Scope) -> str:
    scheme = scope.get("scheme", "http").replace("ws", "http")
    return f"{scheme}://{_host(scope)}"


def _host(scope: Scope) -> str:
    """Return Host; an empty port means the scheme's default (RFC 9110, 4.2.3)."""
    return (header(scope, b"host") or "").removesuffix(":")


def may_include(scope: Scope, settings: BayeuxSettings) -> bool:
    """Tell whether a page may load an answer as a script (callback polling).

    Browsers send no Origin with scripts, so `Sec-Fetch-Site` and Referer decide.
    """
    if header(scope, b"sec-fetch-site") in {"same-origin", "none", None}:
        return True
    referer = urlsplit(header(scope, b"referer") or "")
    return f"{referer.scheme}://{referer.netloc}" in settings.allowed_origins


def cors_headers(scope: Scope) -> tuple[Header, ...]:
    """Return the headers that let a welcome page read the answer; none without Origin."""
    origin = header(scope, b"origin")
    if origin is None:
        return ()
    return (
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-allow-credentials", b"true"),
        (b"vary", b"Origin"),
    )


def preflight(scope: Scope, settings: BayeuxSettings) -> Answer:
    """Return the answer to a preflight (OPTIONS) of a welcome origin."""
    return Answer(
        200,
        headers=(
            *cors_headers(scope),
            (b"access-control-allow-methods", b"POST, OPTIONS"),
            (b"access-control-allow-headers", ", ".join(settings.allowed_headers).encode()),
            (b"access-control-max-age", b"600"),
        ),
    )
