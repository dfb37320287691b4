"""Clients that ask before they send a body (RFC 9110, 10.1.1)."""

import asyncio

import pytest

from shared.bayeux.transports.web import Answer, Scope
from tests.unit.bayeux.lines import OTHER, POLL, Conversation, Line
from tests.unit.bayeux.wires import MovableLoop, whatever_is_due

GO_ON = "HTTP/1.1 100 Continue\r\n\r\n"
ASKING = b"Expect: 100-Continue\r\nContent-Length: 4\r\n\r\n"
POLL_HEAD = b"POST /cometd HTTP/1.1\r\nHost: here\r\n" + ASKING
OTHER_HEAD = b"POST /api HTTP/1.1\r\nHost: here\r\n" + ASKING


@pytest.mark.parametrize("head", [POLL_HEAD, OTHER_HEAD])
async def test_a_body_that_is_wanted_is_asked_for_once(head: bytes) -> None:
    line = await Conversation().said(head)
    asked = line.written

    await line.said(b"po")
    await line.said(b"ll")
    await line.said(OTHER)

    assert asked == GO_ON
    assert line.written.count(GO_ON) == 1
    assert [one.body for one in line.seen] == [b"poll", b""]
    assert line.statuses == [200, 200]


@pytest.mark.parametrize("head", [POLL_HEAD, OTHER_HEAD])
async def test_a_body_that_is_there_is_not_asked_for(head: bytes) -> None:
    line = await Conversation().said(head + b"poll")
    await line.said(OTHER)

    assert GO_ON not in line.written
    assert [one.body for one in line.seen] == [b"poll", b""]
    assert not line.transport.is_ended


async def test_a_poll_that_is_refused_is_not_asked_for_its_body() -> None:
    line = Line()
    line.server.refuses = lambda _: Answer(401)

    await line.send(POLL_HEAD)
    answer = line.transport.take()
    await line.send(POLL)

    assert answer.startswith("HTTP/1.1 401 ")
    assert "connection: close\r\n" in answer
    assert line.transport.take() == ""
    assert line.transport.is_ended
    assert line.server.requests == []


async def test_refused_request_gets_no_100_continue() -> None:
    line = Line()
    line.rest.set()

    await line.send(OTHER_HEAD)
    await line.transport.something_written.wait()
    answer = line.transport.take()
    await line.send(POLL)

    assert answer.startswith("HTTP/1.1 204 ")
    assert "connection: close\r\n" in answer
    assert line.transport.take() == ""
    assert line.transport.is_ended
    assert line.server.requests == []


async def test_a_client_that_is_refused_may_read_why() -> None:
    loop = MovableLoop()
    line = Line(_loop=loop)
    line.server.refuses = lambda _: Answer(401)

    await line.send(POLL_HEAD, b"po")
    loop.move(4)
    was_cut = line.transport.is_closed
    loop.move(2)

    assert not was_cut
    assert line.transport.is_aborted


@pytest.mark.parametrize("old", [POLL_HEAD, OTHER_HEAD])
async def test_an_old_client_is_told_nothing(old: bytes) -> None:
    line = await Conversation().said(old.replace(b"HTTP/1.1", b"HTTP/1.0"))

    await line.said(b"poll")

    assert GO_ON not in line.written
    assert [one.body for one in line.seen] == [b"poll"]


@pytest.mark.parametrize("head", [POLL_HEAD, OTHER_HEAD])
async def test_nothing_is_asked_for_where_there_is_no_body(head: bytes) -> None:
    line = await Conversation().said(head.replace(b"4", b"0"))

    assert GO_ON not in line.written
    assert line.statuses == [200]


async def test_a_fault_before_the_body_is_answered() -> None:
    def fails(_: Scope) -> Answer | None:
        raise ValueError("a fault that nobody foresaw")

    line = Line()
    line.server.refuses = fails

    await line.send(POLL_HEAD)

    assert line.transport.take().startswith("HTTP/1.1 500 ")


async def test_a_client_that_goes_away_before_it_is_told_is_left_alone() -> None:
    line = Line()
    line.connection.data_received(POLL_HEAD)

    line.connection.connection_lost(None)
    await whatever_is_due()

    assert line.transport.take() == ""


async def test_a_large_body_is_refused_by_its_length() -> None:
    line = Line()

    await line.send(POLL.replace(b": 4", b": 9"))
    await asyncio.sleep(0)

    assert line.transport.take().startswith("HTTP/1.1 413 ")
