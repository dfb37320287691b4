"""Requests cut anywhere on their way are seen as an independent reader sees them whole."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import h11
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.bayeux.connection_harness import RecordingConnection

SMUGGLED = b"GET /api/smuggled HTTP/1.1\r\nHost: evil\r\n\r\n"


class RequestSummary(NamedTuple):
    """A request as far as both readers tell it."""

    method: str
    target: str
    body: bytes


TARGETS = ["/cometd", "/api", "/api?x=http://evil", "http://here/cometd", "*", "api", "/api#x"]
LINES = st.builds(
    "{} {} {}".format,
    st.sampled_from(["GET", "POST", "OPTIONS", "HEAD", "CONNECT", "BREW"]),
    st.sampled_from(TARGETS),
    st.sampled_from(["HTTP/1.1"] * 8 + ["HTTP/1.0", "HTTP/2.0", "HTTP/1.2", "HTTP/11", "http/1.1"]),
)
FIELDS = st.lists(
    st.sampled_from(
        [
            "Connection: Upgrade",
            "connection: keep-alive, upgrade",
            "Connection: close",
            "Upgrade: h2c",
            "upgrade:websocket",
            "Upgrade: h2c, websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
            "Expect: 100-continue",
            "Expect: a-teapot",
            "Host: there",
            "Content-Length: 4",
            "Content-Length: 42",
            "Content-Length: 4, 4",
            "Content-Length : 4",
            "Content-Length: +4",
            "Transfer-Encoding: chunked",
            "Transfer-Encoding: xchunked",
            "Transfer-Encoding:\x0bchunked",
            "Transfer-Encoding : chunked",
            "X: y\n Z: y",
            "X: y\rTransfer-Encoding: chunked",
            " folded: yes",
            "X: \0",
            "X: \xff",
            "X" * 9000 + ": y",
        ]
    ),
    max_size=6,
)
BODIES = st.sampled_from(
    [
        b"",
        b"poll",
        SMUGGLED,
        b"4\r\npoll\r\n0\r\n\r\n",
        b"2a\r\n" + SMUGGLED + b"\r\n0\r\nHost: evil\r\n\r\n",
        b"4 \r\npoll\r\n0\r\n\r\n",
        b"4;x=y\r\npoll\n0\r\n\r\n",
        b"0\r\n\r\n",
    ]
)


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """Return something that is a request, or nearly one."""
    head = "\r\n".join((draw(LINES), "Host: here", *draw(FIELDS), "", ""))
    return head.encode("latin-1") + draw(BODIES)


@st.composite
def framed_requests(draw: st.DrawFn) -> bytes:
    """Return a request with a body that is what its head says, and with offers."""
    body = draw(st.sampled_from([b"", b"poll", SMUGGLED]))
    chunked = b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n" if body else b"0\r\n\r\n"
    framing = draw(
        st.sampled_from(
            [
                b"Content-Length: %d\r\n\r\n" % len(body) + body,
                b"Transfer-Encoding: chunked\r\n\r\n" + chunked,
            ]
        )
    )
    offers = draw(
        st.lists(
            st.sampled_from(
                [b"Connection: Upgrade\r\n", b"Upgrade: h2c\r\n", b"Expect: 100-continue\r\n"]
            ),
            unique=True,
        )
    )
    path = draw(st.sampled_from([b"/cometd", b"/api"]))
    return b"POST " + path + b" HTTP/1.1\r\nHost: here\r\n" + b"".join(offers) + framing


def cut(octets: bytes, places: Sequence[int]) -> list[bytes]:
    ends = sorted({0, len(octets), *(place % (len(octets) + 1) for place in places)})
    return [octets[begin:end] for begin, end in pairwise(ends)]


CUTS = st.lists(st.integers(min_value=0, max_value=100_000), max_size=8)


def by_h11(octets: bytes) -> list[RequestSummary]:
    """Return the requests that another reader of HTTP finds, up to the first that is none."""
    reader = h11.Connection(h11.SERVER, max_incomplete_event_size=100_000)
    reader.receive_data(octets)
    found: list[RequestSummary] = []
    request, body = None, b""
    try:
        while True:
            event = reader.next_event()
            match event:
                case h11.Request():
                    request, body = event, b""
                case h11.Data():
                    body += event.data
                case h11.EndOfMessage():
                    assert request is not None
                    target = request.target.decode()
                    found.append(RequestSummary(request.method.decode(), target, body))
                    reader.send(h11.Response(status_code=200, headers=[("Content-Length", "0")]))
                    reader.send(h11.EndOfMessage())
                    reader.start_next_cycle()
                case _:
                    return found
    except (h11.RemoteProtocolError, h11.LocalProtocolError):
        return found


async def heard(*pieces: bytes) -> RecordingConnection:
    harness = await RecordingConnection().said(*pieces)
    await harness.hang_up()
    return harness


def as_seen(harness: RecordingConnection) -> list[RequestSummary]:
    return [
        RequestSummary(
            one.method, one.path + ("?" + one.query.decode() if one.query else ""), one.body
        )
        for one in harness.seen
    ]


def in_origin_form(found: Sequence[RequestSummary]) -> list[RequestSummary]:
    return [one._replace(target=one.target.removeprefix("http://here")) for one in found]


@given(st.lists(requests() | framed_requests(), min_size=1, max_size=4), CUTS)
async def test_odd_requests_are_the_same_however_they_are_cut(
    sent: Sequence[bytes], places: Sequence[int]
) -> None:
    octets = b"".join(sent)

    whole = await heard(octets)
    pieces = await heard(*cut(octets, places))

    assert pieces.seen == whole.seen
    assert pieces.statuses == whole.statuses
    assert pieces.transport.is_ended == whole.transport.is_ended
    expected = in_origin_form(by_h11(octets))
    assert as_seen(whole) == expected[: len(whole.seen)]


@given(st.lists(framed_requests(), min_size=1, max_size=4), st.lists(CUTS, min_size=4, max_size=4))
async def test_good_requests_are_all_served_however_they_are_cut(
    sent: Sequence[bytes], places: Sequence[Sequence[int]]
) -> None:
    harness = RecordingConnection()

    for octets, places_of_one in zip(sent, places, strict=False):
        await harness.said(*cut(octets, places_of_one))

    assert as_seen(harness) == by_h11(b"".join(sent))
    assert harness.statuses == [200] * len(sent)
    assert not harness.transport.is_ended
    await harness.hang_up()
