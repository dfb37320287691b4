"""A connection's limits for requests that come too fast or without end."""

import pytest

from shared.http.http_protocol import MAX_PIPELINED, MAX_SMALL_PIECES
from shared.http.request_head import MAX_UNFINISHED_SIZE
from tests.unit.bayeux.connection_harness import OTHER, POLL, ConnectionHarness, RecordingConnection

PIECE = 64 * 1024
PATHS = [b"/api", b"/cometd"]


def chunked(path: bytes, *fields: bytes) -> bytes:
    lines = (b"POST %b HTTP/1.1" % path, b"Host: here", b"Transfer-Encoding: chunked", *fields)
    return b"\r\n".join((*lines, b"\r\n"))


async def all_answered(harness: RecordingConnection) -> None:
    """Let each request be answered that waits for the one before it."""
    for _ in range(2 * MAX_PIPELINED):
        await harness.settle()


async def test_a_thousand_requests_at_once_are_not_all_kept() -> None:
    harness = ConnectionHarness()

    harness.connection.data_received(OTHER * 1_000)

    assert len(harness.connection.pipeline) == MAX_PIPELINED


async def test_requests_that_may_wait_are_answered_before_the_end() -> None:
    harness = RecordingConnection()
    harness.say(OTHER * 1_000)

    await all_answered(harness)

    assert harness.statuses == [200] * (MAX_PIPELINED + 1)
    assert harness.transport.is_eof_written
    assert not harness.transport.is_closed  # it would be reset, and the answers lost


async def test_as_many_requests_as_may_wait_keep_the_connection() -> None:
    harness = RecordingConnection()
    harness.say(OTHER * (MAX_PIPELINED + 1))

    await all_answered(harness)

    assert harness.statuses == [200] * (MAX_PIPELINED + 1)
    assert not harness.transport.is_ended


@pytest.mark.parametrize("before", [POLL, OTHER], ids=["poll", "other"])
@pytest.mark.parametrize("field", [b"x: y\r\n", b"y" * 64], ids=["many", "long"])
async def test_no_head_without_end_is_kept_behind_a_request(before: bytes, field: bytes) -> None:
    harness = ConnectionHarness()
    await harness.send(before, b"GET /api HTTP/1.1\r\nHost: here\r\nx: ")

    for _ in range(8):
        await harness.send(field * (PIECE // len(field)))
    await harness.send(b"\r\n\r\n")

    kept = sum(len(name) + len(value) for name, value in harness.connection.headers)
    assert kept <= MAX_UNFINISHED_SIZE + PIECE
    assert not harness.transport.is_ended  # the request before is still to be answered


async def test_requests_before_a_head_do_not_count_against_it() -> None:
    harness = RecordingConnection()
    long = OTHER[:-2] + b"x: " + b"y" * 7_000 + b"\r\n\r\n"

    harness.say(long * 9 + long[:3_000], long[3_000:])
    await all_answered(harness)

    assert harness.statuses == [200] * 10
    assert not harness.transport.is_ended


async def test_a_trailer_without_end_behind_other_requests_is_refused() -> None:
    harness = RecordingConnection()

    harness.say(OTHER + chunked(b"/api") + b"0\r\n")
    for _ in range(3):
        harness.say(b"x: y\r\n" * (PIECE // 6))
    await all_answered(harness)

    assert harness.transport.is_ended


@pytest.mark.parametrize("fields", [(), (b"Connection: close",)], ids=["kept", "last"])
@pytest.mark.parametrize("path", PATHS)
async def test_body_of_countless_tiny_chunks_is_refused(
    path: bytes, fields: tuple[bytes, ...]
) -> None:
    harness = RecordingConnection()

    harness.say(chunked(path, *fields) + b"1\r\nx\r\n" * (2 * MAX_SMALL_PIECES))
    await all_answered(harness)

    assert harness.statuses == [400]
    assert harness.transport.is_ended
    assert harness.seen == []


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("size", "chunks"), [(1, MAX_SMALL_PIECES), (100, 2 * MAX_SMALL_PIECES)], ids=["tiny", "small"]
)
async def test_body_of_small_chunks_is_taken_whole(path: bytes, size: int, chunks: int) -> None:
    harness = RecordingConnection()
    chunk = b"%x\r\n%b\r\n" % (size, b"x" * size)

    harness.say(chunked(path))
    for _ in range(0, chunks, 64):
        harness.say(chunk * 64)
        await harness.settle()
    harness.say(b"0\r\n\r\n")
    await all_answered(harness)

    assert harness.statuses == [200]
    assert [len(one.body) for one in harness.seen] == [size * chunks]
    assert not harness.transport.is_ended
