"""How a request is asked at another pod: all that admission and the protocol look at, and no more.

What nobody looks at could only be refused there after it was accepted here. So the other pod takes
every request that this one has taken.
"""

from typing import Final

from services.gateway.http.credentials import CSRF_HEADER, client_address
from shared.bayeux import BASE_PATHS
from shared.bayeux.transports.request_head import HANDED_ON
from shared.bayeux.transports.web import Header, Scope

_LOOKED_AT: Final = frozenset(
    {
        b"authorization",
        b"content-type",
        b"cookie",
        CSRF_HEADER.lower().encode(),
        b"referer",
        b"sec-fetch-site",
    }
)


def is_handed_on(scope: Scope) -> bool:
    """Tell whether it is another pod that asks."""
    return any(name == HANDED_ON for name, _ in scope["headers"])


def headers_for_pod(scope: Scope) -> list[Header]:
    """Return the headers of a request, with the address and the scheme that were found out here.

    Host and Origin are not among them: whether the page is welcome was judged here.
    """
    kept = [(name, value.strip(b" \t")) for name, value in scope["headers"] if name in _LOOKED_AT]
    scheme = scope.get("scheme", "http").replace("ws", "http")
    added = [(HANDED_ON, b"1"), (b"x-forwarded-proto", scheme.encode("latin-1"))]
    if address := client_address(scope).encode("latin-1").strip(b" \t"):
        added.append((b"x-forwarded-for", address))
    return [*kept, *added]


def target_for_pod(scope: Scope) -> bytes:
    """Return what is asked for: only calls (GET) say something in their query.

    To the protocol all paths are one, and none is handed on.
    """
    query = scope["query_string"] if scope["method"] == "GET" else b""
    return BASE_PATHS[0].encode() + (b"?" + query if query else b"")
