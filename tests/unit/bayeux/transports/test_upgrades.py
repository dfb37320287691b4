"""Upgrades: the body is read right, however the head is divided into packets."""

import pytest

from tests.unit.bayeux.connection_harness import (
    OTHER,
    UPGRADE,
    RecordedRequest,
    RecordingConnection,
    cuts,
)

HELLO = b"\x81\x85\0\0\0\0hello"
"""A text from a client (RFC 6455, 5.2)."""

BODY = b"GET /api/smuggled HTTP/1.1\r\nHost: evil\r\n\r\n"
IN_CHUNKS = b"14\r\n" + BODY[:20] + b"\r\n16\r\n" + BODY[20:] + b"\r\n0\r\n\r\n"
SIZED = b"Content-Length: 42\r\n\r\n" + BODY
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n" + IN_CHUNKS

OFFERS = [
    b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\nConnection: Upgrade, HTTP2-Settings\r\n",
    b"Connection: upgrade\r\nupgrade: TLS/1.0, websocket\r\n",
    b"Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
]


def offering(path: bytes, offer: bytes, framed: bytes) -> bytes:
    return b"POST " + path + b" HTTP/1.1\r\nHost: here\r\n" + offer + framed


@pytest.mark.parametrize("framed", [SIZED, CHUNKED], ids=["sized", "chunked"])
@pytest.mark.parametrize("offer", OFFERS, ids=["h2c", "TLS", "websocket"])
@pytest.mark.parametrize(("handler", "path"), [("poll", "/cometd"), ("rest", "/api")])
async def test_a_body_belongs_to_its_request_wherever_it_is_cut(
    handler: str, path: str, offer: bytes, framed: bytes
) -> None:
    octets = offering(path.encode(), offer, framed)
    expected = [
        RecordedRequest(handler, "POST", path, b"", (b"here",), BODY),
        RecordedRequest("rest", "GET", "/api", b"", (b"here",), b""),
    ]

    for pieces in [(octets,), *cuts(octets)]:
        harness = await RecordingConnection().said(*pieces)
        await harness.said(OTHER)

        assert harness.seen == expected, pieces
        assert harness.statuses == [200, 200], pieces
        assert not harness.transport.is_ended


async def test_a_request_behind_the_body_of_an_offer_is_served_once() -> None:
    octets = offering(b"/api", OFFERS[0], SIZED) + OTHER

    for pieces in [(octets,), *cuts(octets)]:
        harness = await RecordingConnection().said(*pieces)

        assert [(one.path, one.body) for one in harness.seen] == [("/api", BODY), ("/api", b"")]


async def test_offers_one_after_the_other_are_all_passed_over() -> None:
    harness = RecordingConnection()

    for _ in range(3):
        await harness.said(offering(b"/cometd", OFFERS[0], SIZED))

    assert [one.body for one in harness.seen] == [BODY] * 3


async def test_offered_upgrade_is_hidden_from_the_application() -> None:
    harness = RecordingConnection()
    harness.say(offering(b"/api", OFFERS[0], SIZED))

    names = [name for name, _ in harness.connection.headers]

    await harness.settle()
    assert names == [b"host", b"http2-settings", b"connection", b"content-length"]


@pytest.mark.parametrize(
    "framed", [SIZED, CHUNKED, b"Content-Length: 00\r\n\r\n"], ids=["sized", "chunked", "00"]
)
async def test_a_socket_with_a_body_is_refused_wherever_it_is_cut(framed: bytes) -> None:
    octets = UPGRADE.removesuffix(b"\r\n") + framed

    for pieces in [(octets,), *cuts(octets)]:
        harness = await RecordingConnection().said(*pieces)

        assert (harness.seen, harness.statuses) == ([], [400]), pieces
        assert harness.transport.is_ended


async def test_a_socket_is_opened_wherever_its_head_is_cut() -> None:
    for pieces in [(UPGRADE,), *cuts(UPGRADE)]:
        harness = await RecordingConnection().said(*pieces)

        assert [(one.handler, one.path) for one in harness.seen] == [("socket", "/cometd")]
        assert harness.statuses == [101]


async def test_frames_that_come_with_the_head_are_read() -> None:
    octets = UPGRADE + HELLO

    for pieces in [(octets,), *cuts(octets)]:
        harness = await RecordingConnection().said(*pieces)

        assert harness.texts == [b"hello"], pieces


@pytest.mark.parametrize(
    "changed",
    [
        UPGRADE.replace(b"GET", b"POST"),
        UPGRADE.replace(b"HTTP/1.1", b"HTTP/1.0"),
        UPGRADE.replace(b"Upgrade: websocket", b"Upgrade: h2c, websocket"),
        UPGRADE.replace(b"Upgrade: websocket", b"Upgrade: websocket2"),
    ],
)
async def test_upgrade_that_is_no_websocket_is_a_request(changed: bytes) -> None:
    harness = await RecordingConnection().said(changed)

    assert [one.handler for one in harness.seen] == ["poll"]
    assert harness.statuses == [200]


async def test_an_offer_in_a_refused_request_is_refused_with_it() -> None:
    octets = b"CONNECT here:80 HTTP/1.1\r\nHost: here\r\nContent-Length: 42\r\n\r\n" + BODY

    for pieces in [(octets,), *cuts(octets)]:
        harness = await RecordingConnection().said(*pieces)

        assert (harness.seen, harness.statuses) == ([], [501])
        assert harness.transport.is_ended
