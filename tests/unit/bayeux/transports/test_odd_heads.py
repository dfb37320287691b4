"""Refused heads: the answer to each, and the end of the connection."""

from collections.abc import Callable

import pytest

from tests.unit.bayeux.connection_harness import (
    OTHER,
    POLL,
    UPGRADE,
    ConnectionHarness,
    RecordingConnection,
    cuts,
)
from tests.unit.bayeux.fake_transport import MovableLoop, run_due_callbacks

HANDLERS = {"rest": OTHER, "poll": POLL, "socket": UPGRADE}
SERVED = {"rest": 200, "poll": 200, "socket": 101}


def with_fields(octets: bytes, *fields: bytes) -> bytes:
    return octets.replace(b"Host: here\r\n", b"Host: here\r\n" + b"".join(fields), 1)


def with_target_of(octets: bytes, size: int) -> bytes:
    _, target, _ = octets.split(b" ", 2)
    return octets.replace(target, target + b"?" + b"x" * (size - len(target) - 1), 1)


def with_number_of_fields(octets: bytes, number: int) -> bytes:
    there = octets.partition(b"\r\n\r\n")[0].count(b"\r\n")
    return with_fields(octets, *[b"X: y\r\n"] * (number - there))


def slices(octets: bytes, size: int) -> tuple[bytes, ...]:
    return tuple(octets[at : at + size] for at in range(0, len(octets), size))


BIG_FIELD = b"X-Big: " + b"x" * 7_995 + b"\r\n"
FULL_FIELD = b"X-Full: " + b"x" * 7_994 + b"\r\n"
TOO_LARGE = {
    "101 fields": (431, lambda octets: with_number_of_fields(octets, 101)),
    "a thousand fields": (431, lambda octets: with_number_of_fields(octets, 1000)),
    "a long field": (431, lambda octets: with_fields(octets, BIG_FIELD.replace(b"xx", b"xxx", 1))),
    "a very long field": (431, lambda octets: with_fields(octets, b"X: " + b"x" * 70_000)),
    "many long fields": (431, lambda octets: with_fields(octets, *[FULL_FIELD] * 5)),
    "a long target": (414, lambda octets: with_target_of(octets, 8_001)),
    "a very long target": (414, lambda octets: with_target_of(octets, 90_000)),
}


@pytest.mark.parametrize("octets", HANDLERS.values(), ids=HANDLERS)
@pytest.mark.parametrize(("status", "enlarge"), TOO_LARGE.values(), ids=TOO_LARGE)
@pytest.mark.parametrize("size", [10**6, 1000, 1])
async def test_a_head_that_is_too_large_is_refused_at_every_door(
    octets: bytes, status: int, enlarge: Callable[[bytes], bytes], size: int
) -> None:
    harness = await RecordingConnection().said(*slices(enlarge(octets), size))

    assert (harness.seen, harness.statuses) == ([], [status])
    assert harness.transport.is_ended
    assert "connection: close\r\n" in harness.written


@pytest.mark.parametrize("handler", HANDLERS)
@pytest.mark.parametrize(
    "enlarge",
    [
        lambda octets: with_number_of_fields(octets, 100),
        lambda octets: with_fields(octets, BIG_FIELD),
        lambda octets: with_target_of(octets, 8_000),
    ],
)
async def test_a_head_as_large_as_allowed_is_served_at_every_door(
    handler: str, enlarge: Callable[[bytes], bytes]
) -> None:
    harness = await RecordingConnection().said(enlarge(HANDLERS[handler]))

    assert [one.handler for one in harness.seen] == [handler]
    assert harness.statuses == [SERVED[handler]]


@pytest.mark.parametrize(("number", "is_served"), [(116, True), (117, False)])
@pytest.mark.parametrize("handler", HANDLERS)
async def test_headers_that_a_pod_adds_are_within_the_limits(
    handler: str, number: int, is_served: bool
) -> None:
    from_pod = with_fields(HANDLERS[handler], b"X-Mailroom-Handed-On: 1\r\n")

    harness = await RecordingConnection().said(with_number_of_fields(from_pod, number))

    assert harness.statuses == [SERVED[handler] if is_served else 431]


def head(*fields: bytes, harness: bytes = b"POST /api HTTP/1.1") -> bytes:
    return b"\r\n".join((harness, b"Host: here", *fields, b"", b""))


ODD = {
    "HTTP/2.0": (505, head(harness=b"GET /api HTTP/2.0")),
    "HTTP/1.2": (505, head(harness=b"GET /api HTTP/1.2")),
    "HTTP/3.0": (505, head(harness=b"GET /api HTTP/3.0")),
    "HTTP/0.9": (505, b"GET /api\r\n\r\n"),
    "preface of HTTP/2": (505, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "TLS": (400, b"\x16\x03\x01\x02\x00\x01\x00"),
    "two framings": (400, head(b"Content-Length: 4", b"Transfer-Encoding: chunked") + b"poll"),
    "two framings turned": (
        400,
        head(b"Transfer-Encoding: chunked", b"Content-Length: 4") + b"4\r\npoll\r\n0\r\n\r\n",
    ),
    "two lengths": (400, head(b"Content-Length: 4", b"Content-Length: 5") + b"poll"),
    "one length twice": (400, head(b"Content-Length: 4", b"Content-Length: 4") + b"poll"),
    "lengths in a list": (400, head(b"Content-Length: 4, 4") + b"poll"),
    "signed length": (400, head(b"Content-Length: +4") + b"poll"),
    "hexadecimal length": (400, head(b"Content-Length: 0x4") + b"poll"),
    "no length": (400, head(b"Content-Length:") + b"poll"),
    "length past 64 bits": (400, head(b"Content-Length: 18446744073709551616")),
    "chunks in HTTP/1.0": (
        400,
        head(b"Transfer-Encoding: chunked", harness=b"POST /api HTTP/1.0") + b"0\r\n\r\n",
    ),
    "chunked twice": (400, head(b"Transfer-Encoding: chunked, chunked") + b"0\r\n\r\n"),
    "chunked with a tab": (400, head(b"Transfer-Encoding: \x0bchunked") + b"0\r\n\r\n"),
    "blank before the colon": (400, head(b"X : 1")),
    "no name": (400, head(b": 1")),
    "no colon": (400, head(b"X")),
    "a folded line": (400, head(b"X: 1", b" 2")),
    "a blank before the first": (400, b"GET /api HTTP/1.1\r\n Host: here\r\n\r\n"),
    "LF alone": (400, head(b"X: 1\nY: 2")),
    "LF alone at the end": (400, b"GET /api HTTP/1.1\r\nHost: here\r\n\n"),
    "LF everywhere": (400, b"GET /api HTTP/1.1\nHost: here\n\n"),
    "CR alone": (400, head(b"X: 1\rY: 2")),
    "NUL in a value": (400, head(b"X: a\0b")),
    "NUL in a name": (400, head(b"X\0: 1")),
    "no Host": (400, b"GET /api HTTP/1.1\r\n\r\n"),
    "two Hosts": (400, head(b"Host: there")),
    "two Hosts in HTTP/1.0": (400, head(b"Host: there", harness=b"GET /api HTTP/1.0")),
    "a Host with a path": (400, b"GET /api HTTP/1.1\r\nHost: here/there\r\n\r\n"),
    "a Host with a user": (400, b"GET /api HTTP/1.1\r\nHost: you@here\r\n\r\n"),
    "two Hosts in one": (400, b"GET /api HTTP/1.1\r\nHost: here, there\r\n\r\n"),
    "an empty Host": (400, b"GET /api HTTP/1.1\r\nHost: \r\n\r\n"),
    "a target with a user": (400, head(harness=b"GET http://you@here/api HTTP/1.1")),
    "a target without host": (400, head(harness=b"GET http:///api HTTP/1.1")),
    "a target of another scheme": (400, head(harness=b"GET ftp://here/api HTTP/1.1")),
    "a target that is no path": (400, head(harness=b"GET api HTTP/1.1")),
    "a fragment": (400, head(harness=b"GET /api#here HTTP/1.1")),
    "an asterisk": (400, head(harness=b"GET * HTTP/1.1")),
    "CONNECT": (501, head(harness=b"CONNECT here:80 HTTP/1.1")),
    "an unknown method": (400, head(harness=b"BREW /api HTTP/1.1")),
    "another expectation": (417, head(b"Expect: a-teapot", b"Content-Length: 4")),
    "a packed body": (415, head(b"Content-Encoding: gzip", b"Content-Length: 4")),
    "a body packed twice": (
        415,
        head(b"Content-Encoding: identity", b"Content-Encoding: deflate", b"Content-Length: 4"),
    ),
    "a packed body in chunks": (
        415,
        head(b"Content-Encoding: made-up", b"Transfer-Encoding: chunked"),
    ),
    "one expectation more": (417, head(b"Expect: 100-continue, a-teapot", b"Content-Length: 4")),
}


@pytest.mark.parametrize(("status", "octets"), ODD.values(), ids=ODD)
@pytest.mark.parametrize("path", [b"/api", b"/cometd"])
async def test_an_odd_head_is_refused_wherever_it_is_cut(
    status: int, octets: bytes, path: bytes
) -> None:
    octets = octets.replace(b"/api", path)
    for pieces in [(octets,), *cuts(octets)]:
        harness = await RecordingConnection().said(*pieces, OTHER)

        assert (harness.seen, harness.statuses) == ([], [status]), pieces
        assert harness.transport.is_ended


@pytest.mark.parametrize(
    "octets",
    [
        head(b"Content-Encoding: gzip"),
        head(b"Content-Encoding: identity", b"Content-Length: 0"),
        head(b"Content-Encoding: gzip", b"Content-Length: 0"),
    ],
)
async def test_content_encoding_without_a_body_matters_to_nobody(octets: bytes) -> None:
    harness = await RecordingConnection().said(octets)

    assert harness.statuses == [200]


ODD_CHUNKS = {
    "LF after a size": b"4\npoll\r\n0\r\n\r\n",
    "LF after a chunk": b"4\r\npoll\n0\r\n\r\n",
    "CR after a size": b"4\rpoll\r\n0\r\n\r\n",
    "a blank after a size": b"4 \r\npoll\r\n0\r\n\r\n",
    "a signed size": b"-4\r\npoll\r\n0\r\n\r\n",
    "no size": b"\r\npoll\r\n0\r\n\r\n",
    "a long chunk": b"3\r\npoll\r\n0\r\n\r\n",
    "a size past 64 bits": b"10000000000000004\r\npoll\r\n0\r\n\r\n",
    "LF at the end": b"4\r\npoll\r\n0\r\n\n",
    "LF in an extension": b"4;x\ny\r\npoll\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("chunks", ODD_CHUNKS.values(), ids=ODD_CHUNKS)
@pytest.mark.parametrize("path", [b"/api", b"/cometd"])
async def test_odd_chunks_are_refused_wherever_they_are_cut(chunks: bytes, path: bytes) -> None:
    octets = head(b"Transfer-Encoding: chunked", harness=b"POST " + path + b" HTTP/1.1") + chunks
    for pieces in [(octets,), *cuts(octets)]:
        harness = await RecordingConnection().said(*pieces, OTHER)

        assert (harness.seen, harness.statuses) == ([], [400]), pieces
        assert harness.transport.is_ended


async def test_odd_octets_behind_a_request_spoil_no_answer() -> None:
    for before in (OTHER, POLL):
        harness = await RecordingConnection().said(before + b"\0\0\0\0", b"\0")

        assert harness.statuses == [200]
        assert harness.transport.is_ended


async def test_half_an_answer_gets_no_other_one_behind_it() -> None:
    harness = ConnectionHarness()
    harness.rest.set()
    await harness.send(head(b"Transfer-Encoding: chunked", harness=b"POST /api HTTP/1.1"))
    await harness.transport.something_written.wait()

    await harness.send(b"what is this?")

    assert harness.transport.take().count("HTTP/1.1") == 1
    assert harness.transport.is_ended


async def test_blank_lines_before_a_request_are_passed_over() -> None:
    harness = await RecordingConnection().said(b"\r\n\r\n" + POLL)
    await harness.said(b"\r\n", b"\r\n" + OTHER)

    assert [one.handler for one in harness.seen] == ["poll", "rest"]


async def test_everything_that_is_asked_of_all_is_told() -> None:
    harness = await RecordingConnection().said(b"OPTIONS * HTTP/1.1\r\nHost: here\r\n\r\n")

    assert harness.statuses == [200]
    assert "allow: GET, " in harness.written


ADDRESSES = {
    b"http://there/cometd?x=1": ("/cometd", b"x=1", b"there"),
    b"HTTPS://there:81/cometd": ("/cometd", b"", b"there:81"),
    b"http://[::1]:81/api/?http://evil": ("/api/", b"http://evil", b"[::1]:81"),
    b"http://there": ("/", b"", b"there"),
    b"http://there?x": ("/", b"x", b"there"),
}


@pytest.mark.parametrize(("target", "expected"), ADDRESSES.items())
@pytest.mark.parametrize("upgrade", [b"", b"Connection: Upgrade\r\nUpgrade: h2c\r\n"])
async def test_a_whole_address_counts_more_than_host(
    target: bytes, expected: tuple[str, bytes, bytes], upgrade: bytes
) -> None:
    octets = b"POST " + target + b" HTTP/1.1\r\nHost: here\r\n" + upgrade + b"\r\n"

    harness = await RecordingConnection().said(octets)

    [seen] = harness.seen
    assert (seen.path, seen.query, *seen.hosts) == expected


async def test_a_socket_at_a_whole_address_is_for_its_host() -> None:
    harness = await RecordingConnection().said(
        UPGRADE.replace(b"/cometd", b"http://there/cometd?x")
    )

    [seen] = harness.seen
    assert (seen.handler, seen.path, seen.query, seen.hosts) == (
        "socket",
        "/cometd",
        b"x",
        (b"there",),
    )


@pytest.mark.parametrize("octets", [OTHER, POLL])
async def test_an_old_client_need_not_name_a_host(octets: bytes) -> None:
    octets = octets.replace(b"HTTP/1.1", b"HTTP/1.0").replace(b"Host: here\r\n", b"")

    harness = await RecordingConnection().said(octets)

    assert harness.statuses == [200]
    assert harness.transport.is_closed


HELD_OPEN = {
    "nothing": (b"", b""),
    "blank lines": (b"\r\n", b"\r\n"),
    "a head in drops": (b"GET /api HTTP/1.1\r\nHost: here\r\n", b"X: y\r\n"),
    "a socket in drops": (UPGRADE[:-4], b"\r\nX: y"),
    "many fields": (with_number_of_fields(UPGRADE, 200), b"x"),
    "a long field": (with_fields(UPGRADE, b"X: " + b"x" * 9_000 + b"\r\n"), b"x"),
    "a long target": (with_target_of(UPGRADE, 9_000), b"x"),
    "a socket with a body": (UPGRADE[:-2] + b"Content-Length: 9999\r\n\r\n", b"x"),
    "a socket with chunks": (UPGRADE[:-2] + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "a poll in drops": (POLL.replace(b": 4", b": 9999"), b"x"),
    "a body in drops": (OTHER[:-2] + b"Content-Length: 9999\r\n\r\n", b"x"),
    "chunks in drops": (OTHER[:-2] + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "an offer in drops": (
        OTHER[:-2] + b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 99\r\n\r\n",
        b"x",
    ),
}


@pytest.mark.parametrize(("octets", "drop"), HELD_OPEN.values(), ids=HELD_OPEN)
async def test_client_without_login_keeps_no_line_open(octets: bytes, drop: bytes) -> None:
    loop = MovableLoop()
    lines = [ConnectionHarness(_loop=loop, timeout_keep_alive=75) for _ in range(200)]
    for harness in lines:
        harness.rest.set()
        await harness.send(octets)

    for _ in range(16):
        loop.move(10)
        for harness in lines:
            if drop and not harness.transport.is_closed:
                harness.connection.data_received(drop)
        await run_due_callbacks()

    assert all(harness.transport.is_closed for harness in lines)
