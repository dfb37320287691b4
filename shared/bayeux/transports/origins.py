"""Which web pages may talk to the server (CORS, and cross-site hijacking of websockets)."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from shared.bayeux.settings import BayeuxSettings
from shared.bayeux.transports.web import Answer, Header, Scope, header

_ORIGIN: Final = re.compile(r"(https?)://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([0-9]{1,5}))?")
_PORTS: Final[Mapping[str, int]] = MappingProxyType({"http": 80, "https": 443})
_LOOPBACK: Final = frozenset({"127.0.0.1", "[::1]", "localhost"})


class Origin(NamedTuple):
    """Where a page comes from; a host that is an address of IPv6 has brackets."""

    scheme: str
    host: str
    port: int


def is_welcome(scope: Scope, settings: BayeuxSettings) -> bool:
    """Tell whether the page behind a request may be served; no Origin means no browser.

    What is not in the list has to be our own in scheme, host and port (RFC 6454, 5). Behind a proxy
    the scheme is what it says, once it is believed.
    """
    origin = header(scope, b"origin")
    if origin is None or origin in settings.allowed_origins:
        return True
    page = origin_of(origin)
    return page is not None and page == origin_of(settings.public_origin or _request_origin(scope))


def is_known_host(scope: Scope, settings: BayeuxSettings) -> bool:
    """Tell whether a request is for us, by its Host; all are where nobody said what we are called.

    The name of a stranger that leads to us makes a stranger's page one of ours (DNS rebinding).
    """
    if not settings.public_origin:
        return True
    named = origin_of(f"http://{_host(scope)}")
    return named is not None and named.host in {*settings.known_hosts, *_LOOPBACK}


def origin_of(text: str) -> Origin | None:
    """Return scheme, host and port; None where it is no origin of the web, such as `null`."""
    found = _ORIGIN.fullmatch(text.lower())
    if found is None:
        return None
    scheme, host, port = found.groups()
    return Origin(scheme, host.rstrip("."), int(port) if port else _PORTS[scheme])


def _request_origin(scope: Scope) -> str:
    scheme = scope.get("scheme", "http").replace("ws", "http")
    return f"{scheme}://{_host(scope)}"


def _host(scope: Scope) -> str:
    """Return who is asked; a port may be empty, and is the scheme's then (RFC 9110, 4.2.3)."""
    return (header(scope, b"host") or "").removesuffix(":")


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


def preflight(scope: Scope, settings: BayeuxSettings) -> Answer:
    """Answer OPTIONS of a welcome origin."""
    return Answer(
        200,
        headers=(
            *cors_headers(scope),
            (b"access-control-allow-methods", b"POST, OPTIONS"),
            (b"access-control-allow-headers", ", ".join(settings.allowed_headers).encode()),
            (b"access-control-max-age", b"600"),
        ),
    )
