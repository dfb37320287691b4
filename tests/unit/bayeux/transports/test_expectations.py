"""Clients that ask before they send a body (RFC 9110, 10.1.1)."""

import asyncio

import pytest

from shared.bayeux.transports.web import Scope
from shared.http.answer import Answer
from tests.unit.bayeux.connection_harness import OTHER, POLL, ConnectionHarness, RecordingConnection
from tests.unit.bayeux.fake_transport import MovableLoop, run_due_callbacks

GO_ON = "HTTP/1.1 100 Continue\r\n\r\n"
ASKING = b"Expect: 100-Continue\r\nContent-Length: 4\r\n\r\n"
POLL_HEAD = b"POST /cometd HTTP/1.1\r\nHost: here\r\n" + ASKING
OTHER_HEAD = b"POST /api HTTP/1.1\r\nHost: here\r\n" + ASKING


@pytest.mark.parametrize("head", [POLL_HEAD, OTHER_HEAD])
async def test_a_body_that_is_wanted_is_asked_for_once(head: bytes) -> None:
    harness = await RecordingConnection().said(head)
    asked = harness.written

    await harness.said(b"po")
    await harness.said(b"ll")
    await harness.said(OTHER)

    assert asked == GO_ON
    assert harness.written.count(GO_ON) == 1
    assert [one.body for one in harness.seen] == [b"poll", b""]
    assert harness.statuses == [200, 200]


@pytest.mark.parametrize("head", [POLL_HEAD, OTHER_HEAD])
async def test_a_body_that_is_there_is_not_asked_for(head: bytes) -> None:
    harness = await RecordingConnection().said(head + b"poll")
    await harness.said(OTHER)

    assert GO_ON not in harness.written
    assert [one.body for one in harness.seen] == [b"poll", b""]
    assert not harness.transport.is_ended


async def test_a_poll_that_is_refused_is_not_asked_for_its_body() -> None:
    harness = ConnectionHarness()
    harness.server.refuses = lambda _: Answer(401)

    await harness.send(POLL_HEAD)
    answer = harness.transport.take()
    await harness.send(POLL)

    assert answer.startswith("HTTP/1.1 401 ")
    assert "connection: close\r\n" in answer
    assert harness.transport.take() == ""
    assert harness.transport.is_ended
    assert harness.server.requests == []


async def test_refused_request_gets_no_100_continue() -> None:
    harness = ConnectionHarness()
    harness.rest.set()

    await harness.send(OTHER_HEAD)
    await harness.transport.something_written.wait()
    answer = harness.transport.take()
    await harness.send(POLL)

    assert answer.startswith("HTTP/1.1 204 ")
    assert "connection: close\r\n" in answer
    assert harness.transport.take() == ""
    assert harness.transport.is_ended
    assert harness.server.requests == []


async def test_a_client_that_is_refused_may_read_why() -> None:
    loop = MovableLoop()
    harness = ConnectionHarness(_loop=loop)
    harness.server.refuses = lambda _: Answer(401)

    await harness.send(POLL_HEAD, b"po")
    loop.move(4)
    was_cut = harness.transport.is_closed
    loop.move(2)

    assert not was_cut
    assert harness.transport.is_aborted


@pytest.mark.parametrize("old", [POLL_HEAD, OTHER_HEAD])
async def test_an_old_client_is_told_nothing(old: bytes) -> None:
    harness = await RecordingConnection().said(old.replace(b"HTTP/1.1", b"HTTP/1.0"))

    await harness.said(b"poll")

    assert GO_ON not in harness.written
    assert [one.body for one in harness.seen] == [b"poll"]


@pytest.mark.parametrize("head", [POLL_HEAD, OTHER_HEAD])
async def test_nothing_is_asked_for_where_there_is_no_body(head: bytes) -> None:
    harness = await RecordingConnection().said(head.replace(b"4", b"0"))

    assert GO_ON not in harness.written
    assert harness.statuses == [200]


async def test_a_fault_before_the_body_is_answered() -> None:
    def fails(_: Scope) -> Answer | None:
        raise ValueError("a fault that nobody foresaw")

    harness = ConnectionHarness()
    harness.server.refuses = fails

    await harness.send(POLL_HEAD)

    assert harness.transport.take().startswith("HTTP/1.1 500 ")


async def test_a_client_that_goes_away_before_it_is_told_is_left_alone() -> None:
    harness = ConnectionHarness()
    harness.connection.data_received(POLL_HEAD)

    harness.connection.connection_lost(None)
    await run_due_callbacks()

    assert harness.transport.take() == ""


async def test_a_large_body_is_refused_by_its_length() -> None:
    harness = ConnectionHarness()

    await harness.send(POLL.replace(b": 4", b": 9"))
    await asyncio.sleep(0)

    assert harness.transport.take().startswith("HTTP/1.1 413 ")
