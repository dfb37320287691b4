"""Frames without end take a share of the processor and never all of it."""

import asyncio
from itertools import count
from typing import Any

import pytest

from shared.bayeux.transports.processor_share import AT_ONCE, SHARE, ProcessorShare
from tests.unit.bayeux.connection_harness import UPGRADE, RecordingConnection
from tests.unit.bayeux.fake_transport import MovableLoop
from tests.unit.bayeux.transports.test_websocket_connection import SocketHarness

EMPTY_TEXT = b"\x81\x80\0\0\0\0"
EMPTY_PING = b"\x89\x80\0\0\0\0"
EMPTY_PONG = b"\x8a\x80\0\0\0\0"
EMPTY_BATCH = b"\x81\x82\0\0\0\0[]"
FRAGMENTS = b"\x01\x80\0\0\0\0" + b"\0\x80\0\0\0\0" * 500 + EMPTY_TEXT.replace(b"\x81", b"\x80")
ONE_READ = 256 * 1024
"""Octets that the loop hands over at once."""


class Costs:
    """A clock of processor time, on which each handling of a piece takes the same time."""

    def __init__(self, seconds: float) -> None:
        self._readings = count()
        self._seconds = seconds
        self.pieces = 0

    def __call__(self) -> float:
        self.pieces, is_end = divmod(next(self._readings), 2)
        return (self.pieces + is_end) * self._seconds


async def opened(**options: Any) -> SocketHarness:
    harness = SocketHarness(**options)
    await harness.settle()
    return harness


async def turns_until_read(harness: SocketHarness) -> int:
    """Return how many turns the loop made until the transport was read again."""
    turns = 0
    while not harness.transport.is_read:
        turns += 1
        await asyncio.sleep(0)
    return turns


@pytest.mark.parametrize(
    "frame",
    [EMPTY_TEXT, EMPTY_PING, EMPTY_PONG, EMPTY_BATCH, FRAGMENTS],
    ids=["text", "ping", "pong", "batch", "fragments"],
)
async def test_read_full_of_frames_is_handled_in_pieces(frame: bytes) -> None:
    costs = Costs(0.0)
    harness = await opened(processor_time=costs)

    harness.connection.data_received(frame * (ONE_READ // len(frame)))
    pieces_at_once = costs.pieces
    turns_of_others = await turns_until_read(harness)

    assert pieces_at_once <= 2
    assert turns_of_others >= 25


async def test_flood_of_frames_is_handled_whole_and_in_order() -> None:
    harness = await opened(processor_time=Costs(0.0))
    texts = [b"%d" % number for number in range(5_000)]
    for text in texts:
        harness.client.send_text(text)

    harness.send()
    await turns_until_read(harness)

    assert harness.user.read_texts == texts


async def test_flood_takes_its_share_of_the_processor() -> None:
    loop, cost = MovableLoop(), 0.01
    costs = Costs(cost)
    harness = await opened(processor_time=costs, _loop=loop)

    for _ in range(4):
        harness.connection.data_received(EMPTY_TEXT * (ONE_READ // len(EMPTY_TEXT)))
    loop.move(4.0)

    spent = costs.pieces * cost
    assert spent <= AT_ONCE + 4.0 * SHARE + 2 * cost
    assert spent >= 3.0 * SHARE  # and no less either
    assert not harness.transport.is_read


async def test_flood_of_small_reads_is_not_read_for_a_while() -> None:
    loop = MovableLoop()
    harness = await opened(processor_time=Costs(0.01), _loop=loop)
    reads = 0

    while harness.transport.is_read:
        reads += 1
        harness.connection.data_received(EMPTY_TEXT * 100)

    assert reads <= 2 + AT_ONCE / 0.01
    loop.move(1.0)
    assert harness.transport.is_read


async def test_plain_client_is_never_slowed_down() -> None:
    loop = MovableLoop()
    harness = await opened(processor_time=Costs(0.0001), _loop=loop)

    for number in range(1_000):
        harness.client.send_text(b"%d" % number)
        harness.send()
        assert harness.transport.is_read
        loop.move(0.01)

    assert len(harness.user.read_texts) == 1_000


async def test_user_who_waits_is_handed_nothing_until_going_on() -> None:
    harness = await opened(processor_time=Costs(0.0))
    harness.connection.pause_reading()
    harness.connection.data_received(EMPTY_BATCH * 10_000)

    await harness.settle()
    handed_while_waiting = len(harness.user.read_texts)
    harness.connection.resume_reading()
    await turns_until_read(harness)

    assert handed_while_waiting == 0
    assert harness.user.read_texts == [b"[]"] * 10_000


async def test_upgrade_with_a_long_head_is_taken_at_once() -> None:
    harness = RecordingConnection()
    cookies = b"".join(b"x-%d: %b\r\n" % (number, b"y" * 7_000) for number in range(4))

    await harness.said(UPGRADE[:-2] + cookies + b"\r\n" + EMPTY_BATCH)

    assert " 101 " in harness.written
    assert harness.texts == [b"[]"]


async def test_frames_behind_a_slow_head_wait_for_no_share() -> None:
    loop = MovableLoop()
    harness = SocketHarness(processor_time=Costs(1.0), _loop=loop)
    harness.connection.data_received(EMPTY_BATCH)

    await harness.settle()
    loop.move(0.0)

    assert harness.user.read_texts == [b"[]"]


async def test_lost_connection_handles_no_more_pieces() -> None:
    loop, costs = MovableLoop(), Costs(0.1)
    harness = await opened(processor_time=costs, _loop=loop)
    harness.connection.data_received(EMPTY_TEXT * 10_000)
    handled = costs.pieces

    harness.connection.connection_lost(None)
    loop.move(60.0)

    assert costs.pieces == handled
    assert harness.user.left == 1


def test_share_is_paid_back_with_time() -> None:
    share = ProcessorShare(0.0)

    share.spend(AT_ONCE + 1.0, 0.0)

    assert share.delay(0.0) == pytest.approx(1.0 / SHARE)
    assert share.delay(5.0) == pytest.approx(1.0 / SHARE - 5.0)
    assert share.delay(60.0) == 0.0


def test_share_is_not_saved_up() -> None:
    share = ProcessorShare(0.0)

    share.spend(AT_ONCE, 3_600.0)

    assert share.delay(3_600.0) == 0.0
    share.spend(0.1, 3_600.0)
    assert share.delay(3_600.0) > 0.0
