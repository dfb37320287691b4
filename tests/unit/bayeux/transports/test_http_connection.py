"""Requests for Bayeux and for the application on one connection."""

import pytest

from shared.background_tasks import cancel_and_wait
from shared.bayeux.transports.http.http_connection import Request
from shared.http.answer import Answer
from tests.unit.bayeux.connection_harness import DONE, OTHER, POLL, UPGRADE, ConnectionHarness
from tests.unit.bayeux.fake_transport import MovableLoop, run_due_callbacks


@pytest.fixture
async def harness() -> ConnectionHarness:
    return ConnectionHarness()


async def test_a_request_is_answered_when_there_is_something_to_say(
    harness: ConnectionHarness,
) -> None:
    await harness.send(POLL)
    before = harness.transport.take()

    answer = harness.answer(Answer(200, b"[1]", ((b"x-kind", b"event"),)))

    assert before == ""
    assert answer.startswith("HTTP/1.1 200 OK\r\n")
    assert "x-kind: event\r\n" in answer
    assert answer.endswith("content-length: 3\r\n\r\n[1]")
    assert not harness.transport.is_closed


async def test_a_request_may_come_in_any_pieces(harness: ConnectionHarness) -> None:
    await harness.send(*(bytes((octet,)) for octet in POLL))

    assert [one.body for one in harness.server.requests] == [b"poll"]


async def test_a_body_may_come_in_chunks(harness: ConnectionHarness) -> None:
    head = b"POST /cometd HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n"

    await harness.send(head + b"2\r\npo\r\n2\r\nll\r\n0\r\n\r\n")

    assert [(one.body, one.head) for one in harness.server.requests] == [(b"poll", b"")]


async def test_a_client_that_asks_whether_to_go_on_is_told_to(harness: ConnectionHarness) -> None:
    head, body = POLL.replace(b"Host", b"Expect: 100-continue\r\nHost").split(b"\r\n\r\n")

    await harness.send(head + b"\r\n\r\n")

    assert harness.transport.take() == "HTTP/1.1 100 Continue\r\n\r\n"
    await harness.send(body)
    assert [one.body for one in harness.server.requests] == [b"poll"]


async def test_a_body_that_is_too_large_is_not_read_to_its_end(harness: ConnectionHarness) -> None:
    await harness.send(POLL.replace(b"4", b"1000").replace(b"poll", b"x" * 9))

    assert harness.transport.take().startswith("HTTP/1.1 413 ")
    assert harness.transport.is_ended
    assert harness.server.requests == []


@pytest.mark.parametrize(
    "request_octets",
    [
        POLL.replace(b"HTTP/1.1", b"HTTP/1.0"),
        POLL.replace(b"Host", b"Connection: close\r\nHost"),
    ],
)
async def test_a_client_that_wants_no_more_is_hung_up_on(
    harness: ConnectionHarness, request_octets: bytes
) -> None:
    await harness.send(request_octets)

    answer = harness.answer()

    assert "connection: close\r\n" in answer
    assert harness.transport.is_closed


@pytest.mark.parametrize("impatient", [POLL, OTHER])
async def test_pipelined_request_is_not_served(
    harness: ConnectionHarness, impatient: bytes
) -> None:
    await harness.send(POLL + impatient, impatient)

    answer = harness.answer()

    assert "connection: close\r\n" in answer
    assert harness.transport.is_ended
    assert len(harness.server.requests) == 1


async def test_pipelined_request_behind_another_part_is_not_served(
    harness: ConnectionHarness,
) -> None:
    await harness.send(OTHER + POLL)

    harness.rest.set()
    await harness.transport.something_written.wait()

    assert harness.transport.take().startswith("HTTP/1.1 204 ")
    assert harness.transport.is_ended
    assert harness.server.requests == []


async def test_both_parts_take_turns_on_a_connection(harness: ConnectionHarness) -> None:
    for _ in range(2):
        await harness.send(POLL)
        assert harness.answer().startswith("HTTP/1.1 200 ")
        assert (await harness.other()).startswith("HTTP/1.1 204 ")

    assert len(harness.server.requests) == 2
    assert not harness.transport.is_closed


async def test_a_connection_that_nobody_uses_is_closed() -> None:
    polled, other = ConnectionHarness(timeout_keep_alive=0), ConnectionHarness(timeout_keep_alive=0)
    await polled.send(POLL)
    polled.answer()
    await other.other()

    await run_due_callbacks()

    assert (polled.transport.is_closed, other.transport.is_closed) == (True, True)


@pytest.mark.parametrize("is_known", [False, True])
@pytest.mark.parametrize("before", ["other", "poll"])
async def test_client_whose_poll_is_held_is_not_given_up(before: str, is_known: bool) -> None:
    harness = ConnectionHarness(timeout_keep_alive=0)
    harness.server.knows = lambda head: is_known and head.startswith(b"POST")
    if before == "other":
        await harness.other()
    else:
        await harness.send(POLL)
        harness.answer()

    harness.connection.data_received(POLL)
    await run_due_callbacks()

    assert not harness.transport.is_closed
    assert harness.answer().startswith("HTTP/1.1 200 ")


async def test_a_client_that_goes_away_is_noticed_once(harness: ConnectionHarness) -> None:
    await harness.send(POLL)

    harness.connection.connection_lost(None)
    harness.connection.answer(DONE)

    assert harness.server.gone == 1
    assert harness.transport.take() == ""


async def test_client_gone_before_its_request_is_held_is_noticed(
    harness: ConnectionHarness,
) -> None:
    await harness.send(POLL)
    harness.connection.answer(DONE)

    harness.connection.hold(harness.server._leave)

    assert harness.server.gone == 1


async def test_a_request_that_fails_is_answered_and_the_next_is_served(
    harness: ConnectionHarness,
) -> None:
    harness.server.fails = True
    await harness.send(POLL)
    failed = harness.transport.take()
    harness.server.fails = False

    await harness.send(POLL)

    assert failed.startswith("HTTP/1.1 500 ")
    assert harness.answer().startswith("HTTP/1.1 200 ")


async def test_client_that_reads_no_answers_is_read_no_more(harness: ConnectionHarness) -> None:
    await harness.send(POLL)
    harness.connection.pause_writing()
    harness.answer()
    was_read = harness.transport.is_read

    harness.connection.resume_writing()

    assert not was_read
    assert harness.transport.is_read


async def test_connection_of_a_stopping_server_ends_with_its_answer(
    harness: ConnectionHarness,
) -> None:
    await harness.send(POLL)
    harness.connection.shutdown()
    was_closed = harness.transport.is_closed

    harness.answer()

    assert not was_closed
    assert harness.transport.is_closed


async def test_request_in_one_piece_has_the_octets_of_its_head(harness: ConnectionHarness) -> None:
    await harness.send(POLL)
    harness.answer()
    await harness.send(POLL[:20], POLL[20:])

    assert [one.head for one in harness.server.requests] == [POLL.removesuffix(b"poll"), b""]


async def test_a_request_like_one_before_is_not_parsed_again(harness: ConnectionHarness) -> None:
    await harness.send(POLL)
    harness.answer()
    harness.server.knows = harness.server.requests[0].head.__eq__

    await harness.send(POLL.replace(b"poll", b"more"))

    assert harness.server.again == [b"more"]
    assert harness.answer().startswith("HTTP/1.1 200 ")
    assert len(harness.server.requests) == 1


async def test_request_before_the_answer_is_no_repetition(harness: ConnectionHarness) -> None:
    await harness.send(POLL)
    harness.server.knows = lambda _: True

    await harness.send(POLL)

    assert harness.server.again == []
    assert "connection: close" in harness.answer()


async def test_the_rest_of_a_request_is_no_request_by_itself(harness: ConnectionHarness) -> None:
    await harness.send(POLL)
    harness.server.knows = lambda _: True
    head, body = POLL[:-4], POLL[-4:]

    await harness.send(head[:30])
    harness.answer()
    await harness.send(head[30:] + body)

    assert harness.server.again == []


async def test_two_that_come_together_are_no_head(harness: ConnectionHarness) -> None:
    await harness.send(POLL + POLL)

    assert [one.head for one in harness.server.requests] == [b""]


async def test_a_repeated_request_that_fails_is_answered(harness: ConnectionHarness) -> None:
    harness.server.knows, harness.server.fails = (lambda _: True), True

    await harness.send(POLL)

    assert harness.transport.take().startswith("HTTP/1.1 500 ")


async def test_a_fault_after_a_request_was_kept_is_answered(harness: ConnectionHarness) -> None:
    async def keeps_and_fails(request: Request) -> None:
        request.connection.hold(harness.server._leave)
        raise ValueError("a fault that nobody foresaw")

    harness.server.serve = keeps_and_fails  # type: ignore[method-assign]

    await harness.send(POLL)

    assert harness.transport.take().startswith("HTTP/1.1 500 ")


@pytest.mark.parametrize(
    "request_octets",
    [
        POLL.replace(b"HTTP/1.1", b"HTTP/1.0"),
        POLL.replace(b"Host", b"Connection: close\r\nHost"),
    ],
)
async def test_the_head_of_a_last_request_is_not_known_again(
    harness: ConnectionHarness, request_octets: bytes
) -> None:
    await harness.send(request_octets)

    assert [one.head for one in harness.server.requests] == [b""]


async def test_connection_without_a_request_ends_without_a_word() -> None:
    harness = ConnectionHarness(timeout_keep_alive=0)

    await run_due_callbacks()

    assert harness.transport.is_aborted
    assert harness.transport.take() == ""


UPLOAD = b"POST /api HTTP/1.1\r\nHost: here\r\nContent-Length: 4\r\n\r\n"


@pytest.mark.parametrize(
    "part",
    [b"P", b"POST /com", POLL[:-4], POLL[:-1], UPLOAD, UPLOAD + b"bod"],
)
async def test_request_that_is_late_is_told_so(part: bytes) -> None:
    harness = ConnectionHarness(timeout_keep_alive=0)
    harness.connection.data_received(part)

    await run_due_callbacks()

    answer = harness.transport.take()
    assert answer.startswith("HTTP/1.1 408 ")
    assert answer.count("HTTP/1.1 ") == 1
    assert "connection: close\r\n" in answer
    assert harness.transport.is_ended
    assert harness.server.requests == []


async def test_late_client_that_stays_is_cut_off() -> None:
    loop = MovableLoop()
    harness = ConnectionHarness(_loop=loop, timeout_keep_alive=75)
    harness.connection.data_received(b"POST /com")

    loop.move(75)
    was_aborted = harness.transport.is_aborted
    loop.move(5)

    assert (was_aborted, harness.transport.is_aborted) == (False, True)


@pytest.mark.parametrize("part", [b"POST /com", POLL[:-3]])
async def test_drops_put_the_end_of_a_head_or_poll_not_off(part: bytes) -> None:
    loop = MovableLoop()
    harness = ConnectionHarness(_loop=loop, timeout_keep_alive=75)
    harness.connection.data_received(part)

    for octet in (b"e", b"t"):
        loop.move(30)
        harness.connection.data_received(octet)
    before = harness.transport.take()
    loop.move(15)

    assert before == ""
    assert harness.transport.take().startswith("HTTP/1.1 408 ")


@pytest.mark.parametrize("part", [b"GET /ap", UPLOAD])
async def test_part_behind_an_answered_request_is_told_that_it_is_late(
    harness: ConnectionHarness, part: bytes
) -> None:
    await harness.other()
    harness.rest.clear()
    harness.connection.timeout_keep_alive = 0

    await harness.send(part)
    harness.connection._idle_timer.check()

    assert harness.transport.take().startswith("HTTP/1.1 408 ")
    assert harness.transport.is_ended


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (UPLOAD, b"b"),
        (UPLOAD, b"body"),
        (OTHER, b""),
    ],
)
async def test_rest_of_an_answered_request_is_awaited_for_limited_time(
    before: bytes, after: bytes
) -> None:
    harness = ConnectionHarness()
    harness.rest.set()
    await harness.send(before)
    await harness.transport.something_written.wait()
    harness.connection.timeout_keep_alive = 0

    harness.connection.data_received(after)
    harness.connection._idle_timer.check()
    await run_due_callbacks()

    assert harness.transport.is_aborted


async def test_client_that_does_not_read_the_last_answer_is_cut_off() -> None:
    harness = ConnectionHarness(timeout_keep_alive=0)
    harness.rest.set()
    await harness.send(OTHER.replace(b"Host", b"Connection: close\r\nHost"))
    was_aborted = harness.transport.is_aborted

    await run_due_callbacks()

    assert (was_aborted, harness.transport.is_aborted) == (False, True)


async def test_client_that_awaits_100_continue_is_waited_for() -> None:
    harness = ConnectionHarness(timeout_keep_alive=0)
    harness.connection.data_received(UPLOAD.replace(b"Host", b"Expect: 100-continue\r\nHost"))

    await run_due_callbacks()

    assert not harness.transport.is_aborted


CHUNKED = b" HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npoll\r\n0\r\n"


async def test_trailer_is_no_header(harness: ConnectionHarness) -> None:
    await harness.send(b"POST /cometd" + CHUNKED + b"Host: there\r\nAuthorization: x\r\n\r\n")

    [request] = harness.server.requests
    assert [name for name, _ in request.scope["headers"]] == [b"host", b"transfer-encoding"]


@pytest.mark.parametrize("line_of", [b"POST /cometd", b"POST /api"])
async def test_trailers_are_not_read_without_end(
    harness: ConnectionHarness, line_of: bytes
) -> None:
    await harness.send(line_of + CHUNKED + b"X-Long: ", *[b"x" * 10_000] * 7)

    assert harness.transport.take().count("HTTP/1.1 400 ") == 1
    assert harness.transport.is_ended


async def test_a_body_may_come_in_many_chunks(harness: ConnectionHarness) -> None:
    await harness.send(b"POST /api" + CHUNKED.removesuffix(b"0\r\n"), *[b"1\r\nx\r\n"] * 20_000)

    assert not harness.transport.is_closed


async def test_client_whose_body_is_held_back_is_waited_for() -> None:
    harness = ConnectionHarness(timeout_keep_alive=0)
    harness.connection.data_received(UPLOAD)
    harness.connection.flow.pause_reading()

    await run_due_callbacks()
    was_ended = harness.transport.is_ended
    harness.connection.flow.resume_reading()
    await run_due_callbacks()

    assert (was_ended, harness.transport.is_ended) == (False, True)


async def test_another_request_that_is_whole_may_take_its_time() -> None:
    harness = ConnectionHarness(timeout_keep_alive=0)
    harness.connection.data_received(UPLOAD + b"body")

    await run_due_callbacks()
    was_aborted = harness.transport.is_aborted
    harness.rest.set()
    await harness.transport.something_written.wait()

    assert not was_aborted
    assert harness.transport.take().startswith("HTTP/1.1 204 ")


async def test_client_that_reads_no_last_answer_is_cut_off() -> None:
    harness = ConnectionHarness(timeout_keep_alive=0)
    await harness.send(POLL.replace(b"Host", b"Connection: close\r\nHost"))
    harness.answer()
    was_aborted = harness.transport.is_aborted

    await run_due_callbacks()

    assert (was_aborted, harness.transport.is_aborted) == (False, True)


async def test_when_the_server_stops_every_answer_is_the_last(harness: ConnectionHarness) -> None:
    await harness.send(POLL)
    harness.server.is_stopping = True

    assert "connection: close" in harness.answer()
    assert harness.transport.is_closed


@pytest.mark.parametrize("hosts", [b"", b"Host: here\r\nHost: there\r\n"])
@pytest.mark.parametrize("line_of", [b"POST /cometd", b"GET /api"])
async def test_a_request_names_one_host(
    harness: ConnectionHarness, line_of: bytes, hosts: bytes
) -> None:
    await harness.send(line_of + b" HTTP/1.1\r\n" + hosts + b"Content-Length: 4\r\n\r\npoll")

    assert harness.transport.take().startswith("HTTP/1.1 400 ")
    assert harness.transport.is_closed
    assert harness.server.requests == []


@pytest.mark.parametrize(
    "codings",
    [b"gzip, chunked", b"gzip\r\nTransfer-Encoding: chunked", b"gzip", b"identity", b"xchunked"],
)
@pytest.mark.parametrize("line_of", [b"POST /cometd", b"POST /api"])
async def test_a_body_in_a_coding_that_nobody_decodes_is_refused(
    harness: ConnectionHarness, line_of: bytes, codings: bytes
) -> None:
    head = line_of + b" HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: " + codings
    await harness.send(head + b"\r\n\r\n4\r\npoll\r\n0\r\n\r\n")

    answer = harness.transport.take()
    assert answer.startswith("HTTP/1.1 501 ")
    assert answer.count("HTTP/1.1") == 1
    assert harness.transport.is_ended
    assert harness.server.requests == []


async def test_a_body_is_not_asked_for_that_is_going_to_be_too_large(
    harness: ConnectionHarness,
) -> None:
    head = POLL.replace(b"Host", b"Expect: 100-continue\r\nHost").replace(b"4", b"9").split(b"poll")

    await harness.send(head[0])

    answer = harness.transport.take()
    assert answer.startswith("HTTP/1.1 413 ")
    assert "x-path: /cometd" in answer
    assert harness.transport.is_ended


@pytest.mark.parametrize("protocol", [b"h2c", b"TLS/1.0", b"websockets"])
@pytest.mark.parametrize("name", [b"Upgrade", b"upgrade"])
async def test_an_offer_of_another_protocol_is_passed_over(
    harness: ConnectionHarness, name: bytes, protocol: bytes
) -> None:
    offer = name + b": " + protocol + b"\r\nConnection: Upgrade, HTTP2-Settings\r\nHost"

    await harness.send(POLL.replace(b"Host", offer))

    assert [one.body for one in harness.server.requests] == [b"poll"]
    assert harness.answer().startswith("HTTP/1.1 200 ")
    assert not harness.transport.is_closed


@pytest.mark.parametrize("version", [b"Sec-WebSocket-Version: 8\r\n", b""])
async def test_websocket_of_another_version_is_refused_with_ours(
    harness: ConnectionHarness, version: bytes
) -> None:
    await harness.send(UPGRADE.replace(b"Sec-WebSocket-Version: 13\r\n", version))

    answer = harness.transport.take()
    assert answer.startswith("HTTP/1.1 426 ")
    assert "sec-websocket-version: 13\r\n" in answer
    assert harness.transport.is_ended


async def test_blanks_around_the_version_of_a_websocket_do_not_matter(
    harness: ConnectionHarness,
) -> None:
    await harness.send(UPGRADE.replace(b": 13", b":13 \t"))

    await cancel_and_wait(harness.connection.tasks)

    assert harness.transport.protocol is not None


@pytest.mark.parametrize("before", [POLL, OTHER])
async def test_an_upgrade_that_does_not_wait_is_not_served(
    harness: ConnectionHarness, before: bytes
) -> None:
    await harness.send(before + UPGRADE)

    harness.connection.answer(DONE)
    harness.rest.set()
    await harness.transport.something_written.wait()

    assert harness.transport.take().startswith("HTTP/1.1 20")
    assert harness.transport.is_ended
    assert harness.connection in harness.connection.connections
