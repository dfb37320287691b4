"""Builds the request that forwards a client's request to another pod.

Only headers that authentication and the protocol read are forwarded. Another header could only make
the other pod refuse a request that this one has accepted.
"""

from typing import Final

from services.gateway.http.credentials import CSRF_HEADER, client_address
from shared.bayeux import BASE_PATHS
from shared.bayeux.transports.web import Scope
from shared.http.answer import Header
from shared.http.request_head import HANDED_ON

_FORWARDED: Final = frozenset(
    {
        b"authorization",
        b"content-type",
        b"cookie",
        CSRF_HEADER.lower().encode(),
        b"referer",
        b"sec-fetch-site",
    }
)


def is_forwarded(scope: Scope) -> bool:
    """Say whether a request comes from another pod."""
    return any(name == HANDED_ON for name, _ in scope["headers"])


def headers_for_pod(scope: Scope) -> list[Header]:
    """Return the headers to forward, with the client's address and scheme.

    Host and Origin are left out: this pod has checked them.
    """
    kept = [(name, value.strip(b" \t")) for name, value in scope["headers"] if name in _FORWARDED]
    scheme = scope.get("scheme", "http").replace("ws", "http")
    added = [(HANDED_ON, b"1"), (b"x-forwarded-proto", scheme.encode("latin-1"))]
    if address := client_address(scope).encode("latin-1").strip(b" \t"):
        added.append((b"x-forwarded-for", address))
    return [*kept, *added]


def target_for_pod(scope: Scope) -> bytes:
    """Return the request target: the CometD path, with the query of a GET (callback polling).

    The path of the client is left out: the protocol treats all its paths alike.
    """
    query = scope["query_string"] if scope["method"] == "GET" else b""
    return BASE_PATHS[0].encode() + (b"?" + query if query else b"")
