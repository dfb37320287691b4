"""A pod can forward every head that it reads, and the next pod reads the same."""

import asyncio
from typing import Any, cast

import h11
import httptools
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from services.gateway.cluster.pod_request import headers_for_pod, target_for_pod
from services.gateway.http.credentials import client_address
from shared.bayeux.transports.web import cookie, header

NAMES = (
    b"Authorization",
    b"Content-Type",
    b"Cookie",
    b"Referer",
    b"Sec-Fetch-Site",
    b"X-CSRF-TOKEN",
)
OCTETS = st.binary(max_size=12) | st.sampled_from(
    [b"", b" ", b"\t", b"a \t", b"\xe9", b"a=1; b", b"[::1]:1"]
)
HEADERS = st.lists(
    st.tuples(
        st.sampled_from([*NAMES, b"Host", b"Origin", b"X-Forwarded-For", b"Connection", b"X-Own"]),
        OCTETS,
    ),
    max_size=8,
)


class Reader:
    """A parser of requests, as the gateway's server has it."""

    def __init__(self) -> None:
        self.headers: list[tuple[bytes, bytes]] = []
        self.url = b""

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))


async def read(octets: bytes, peer: str) -> dict[str, Any] | None:
    """Return the scope of a request; None where it is no HTTP."""
    reader = Reader()
    parser = httptools.HttpRequestParser(reader)
    try:
        parser.feed_data(octets)
    except (httptools.HttpParserError, httptools.HttpParserUpgrade):
        return None
    scope = {
        "type": "http",
        "method": parser.get_method().decode(),
        "query_string": reader.url.partition(b"?")[2],
        "headers": reader.headers,
        "client": (peer, 1),
        "scheme": "http",
    }
    await ProxyHeadersMiddleware(cast("Any", _nothing), "127.0.0.1")(
        cast("Any", scope), cast("Any", _nothing), cast("Any", _nothing)
    )
    return scope


@given(st.sampled_from(["GET", "POST"]), st.binary(max_size=8), HEADERS)
def test_request_that_one_pod_reads_is_read_by_the_next(
    method: str, query: bytes, headers: list[tuple[bytes, bytes]]
) -> None:
    lines = b"".join(b"%b: %b\r\n" % pair for pair in headers)
    octets = b"%b /cometd?%b HTTP/1.1\r\n%b\r\n" % (method.encode(), query, lines)
    first = asyncio.run(read(octets, "127.0.0.1"))
    if first is None or not first["query_string"].isascii():
        return  # It is refused before it is handed on.

    sent = [(b"host", b"there"), *headers_for_pod(first)]
    request = h11.Request(method=method, target=target_for_pod(first), headers=sent)
    handed_on = h11.Connection(h11.CLIENT).send(request)
    second = asyncio.run(read(handed_on or b"", "127.0.0.1"))

    assert second is not None
    for name in NAMES:
        seen = header(first, name.lower())
        assert seen is None or header(second, name.lower()) == seen.strip(" \t")
    assert cookie(second, "a") == cookie(first, "a")
    assert client_address(second) or not client_address(first).strip()
    assert method == "POST" or second["query_string"] == first["query_string"]


async def _nothing(*_: object) -> None:
    pass
