"""Requests for Bayeux and for the application on one connection."""

import pytest

from shared.background_tasks import cancel_and_wait
from shared.bayeux.transports.http_connection import Request
from shared.bayeux.transports.web import Answer
from tests.unit.bayeux.lines import DONE, OTHER, POLL, UPGRADE, Line
from tests.unit.bayeux.wires import whatever_is_due


@pytest.fixture
async def line() -> Line:
    return Line()


async def test_a_request_is_answered_when_there_is_something_to_say(line: Line) -> None:
    await line.send(POLL)
    before = line.transport.take()

    answer = line.answer(Answer(200, b"[1]", ((b"x-kind", b"event"),)))

    assert before == ""
    assert answer.startswith("HTTP/1.1 200 OK\r\n")
    assert "x-kind: event\r\n" in answer
    assert answer.endswith("content-length: 3\r\n\r\n[1]")
    assert not line.transport.is_closed


async def test_a_request_may_come_in_any_pieces(line: Line) -> None:
    await line.send(*(bytes((octet,)) for octet in POLL))

    assert [one.body for one in line.server.requests] == [b"poll"]


async def test_a_body_may_come_in_chunks(line: Line) -> None:
    head = b"POST /cometd HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n"

    await line.send(head + b"2\r\npo\r\n2\r\nll\r\n0\r\n\r\n")

    assert [(one.body, one.head) for one in line.server.requests] == [(b"poll", b"")]


async def test_a_client_that_asks_whether_to_go_on_is_told_to(line: Line) -> None:
    head, body = POLL.replace(b"Host", b"Expect: 100-continue\r\nHost").split(b"\r\n\r\n")

    await line.send(head + b"\r\n\r\n")

    assert line.transport.take() == "HTTP/1.1 100 Continue\r\n\r\n"
    await line.send(body)
    assert [one.body for one in line.server.requests] == [b"poll"]


async def test_a_body_that_is_too_large_is_not_read_to_its_end(line: Line) -> None:
    await line.send(POLL.replace(b"4", b"1000").replace(b"poll", b"x" * 9))

    assert line.transport.take().startswith("HTTP/1.1 413 ")
    assert line.transport.is_ended
    assert line.server.requests == []


@pytest.mark.parametrize(
    "request_octets",
    [
        POLL.replace(b"HTTP/1.1", b"HTTP/1.0"),
        POLL.replace(b"Host", b"Connection: close\r\nHost"),
    ],
)
async def test_a_client_that_wants_no_more_is_hung_up_on(line: Line, request_octets: bytes) -> None:
    await line.send(request_octets)

    answer = line.answer()

    assert "connection: close\r\n" in answer
    assert line.transport.is_closed


@pytest.mark.parametrize("impatient", [POLL, OTHER])
async def test_pipelined_request_is_not_served(line: Line, impatient: bytes) -> None:
    await line.send(POLL + impatient, impatient)

    answer = line.answer()

    assert "connection: close\r\n" in answer
    assert line.transport.is_ended
    assert len(line.server.requests) == 1


async def test_pipelined_request_behind_another_part_is_not_served(line: Line) -> None:
    await line.send(OTHER + POLL)

    line.rest.set()
    await line.transport.something_written.wait()

    assert line.transport.take().startswith("HTTP/1.1 204 ")
    assert line.transport.is_ended
    assert line.server.requests == []


async def test_both_parts_take_turns_on_a_connection(line: Line) -> None:
    for _ in range(2):
        await line.send(POLL)
        assert line.answer().startswith("HTTP/1.1 200 ")
        assert (await line.other()).startswith("HTTP/1.1 204 ")

    assert len(line.server.requests) == 2
    assert not line.transport.is_closed


async def test_a_connection_that_nobody_uses_is_closed() -> None:
    polled, other = Line(timeout_keep_alive=0), Line(timeout_keep_alive=0)
    await polled.send(POLL)
    polled.answer()
    await other.other()

    await whatever_is_due()

    assert (polled.transport.is_closed, other.transport.is_closed) == (True, True)


@pytest.mark.parametrize("is_known", [False, True])
@pytest.mark.parametrize("before", ["other", "poll"])
async def test_one_whose_poll_is_held_is_not(before: str, is_known: bool) -> None:
    line = Line(timeout_keep_alive=0)
    line.server.knows = lambda head: is_known and head.startswith(b"POST")
    if before == "other":
        await line.other()
    else:
        await line.send(POLL)
        line.answer()

    line.connection.data_received(POLL)
    await whatever_is_due()

    assert not line.transport.is_closed
    assert line.answer().startswith("HTTP/1.1 200 ")


async def test_a_client_that_goes_away_is_noticed_once(line: Line) -> None:
    await line.send(POLL)

    line.connection.connection_lost(None)
    line.connection.answer(DONE)

    assert line.server.gone == 1
    assert line.transport.take() == ""


async def test_client_gone_before_its_request_is_held_is_noticed(line: Line) -> None:
    await line.send(POLL)
    line.connection.answer(DONE)

    line.connection.hold(line.server._leave)

    assert line.server.gone == 1


async def test_a_request_that_fails_is_answered_and_the_next_is_served(line: Line) -> None:
    line.server.fails = True
    await line.send(POLL)
    failed = line.transport.take()
    line.server.fails = False

    await line.send(POLL)

    assert failed.startswith("HTTP/1.1 500 ")
    assert line.answer().startswith("HTTP/1.1 200 ")


async def test_who_does_not_read_answers_is_asked_nothing_more(line: Line) -> None:
    await line.send(POLL)
    line.connection.pause_writing()
    line.answer()
    was_read = line.transport.is_read

    line.connection.resume_writing()

    assert not was_read
    assert line.transport.is_read


async def test_connection_of_a_stopping_server_ends_with_its_answer(line: Line) -> None:
    await line.send(POLL)
    line.connection.shutdown()
    was_closed = line.transport.is_closed

    line.answer()

    assert not was_closed
    assert line.transport.is_closed


async def test_request_in_one_piece_has_the_octets_of_its_head(line: Line) -> None:
    await line.send(POLL)
    line.answer()
    await line.send(POLL[:20], POLL[20:])

    assert [one.head for one in line.server.requests] == [POLL.removesuffix(b"poll"), b""]


async def test_a_request_like_one_before_is_not_parsed_again(line: Line) -> None:
    await line.send(POLL)
    line.answer()
    line.server.knows = line.server.requests[0].head.__eq__

    await line.send(POLL.replace(b"poll", b"more"))

    assert line.server.again == [b"more"]
    assert line.answer().startswith("HTTP/1.1 200 ")
    assert len(line.server.requests) == 1


async def test_nobody_repeats_before_the_answer_has_come(line: Line) -> None:
    await line.send(POLL)
    line.server.knows = lambda _: True

    await line.send(POLL)

    assert line.server.again == []
    assert "connection: close" in line.answer()


async def test_the_rest_of_a_request_is_no_request_by_itself(line: Line) -> None:
    await line.send(POLL)
    line.server.knows = lambda _: True
    head, body = POLL[:-4], POLL[-4:]

    await line.send(head[:30])
    line.answer()
    await line.send(head[30:] + body)

    assert line.server.again == []


async def test_two_that_come_together_are_no_head(line: Line) -> None:
    await line.send(POLL + POLL)

    assert [one.head for one in line.server.requests] == [b""]


async def test_a_repeated_request_that_fails_is_answered(line: Line) -> None:
    line.server.knows, line.server.fails = (lambda _: True), True

    await line.send(POLL)

    assert line.transport.take().startswith("HTTP/1.1 500 ")


async def test_a_fault_after_a_request_was_kept_is_answered(line: Line) -> None:
    async def keeps_and_fails(request: Request) -> None:
        request.connection.hold(line.server._leave)
        raise ValueError("a fault that nobody foresaw")

    line.server.serve = keeps_and_fails  # type: ignore[method-assign]

    await line.send(POLL)

    assert line.transport.take().startswith("HTTP/1.1 500 ")


@pytest.mark.parametrize(
    "request_octets",
    [
        POLL.replace(b"HTTP/1.1", b"HTTP/1.0"),
        POLL.replace(b"Host", b"Connection: close\r\nHost"),
    ],
)
async def test_the_head_of_a_last_request_is_not_known_again(
    line: Line, request_octets: bytes
) -> None:
    await line.send(request_octets)

    assert [one.head for one in line.server.requests] == [b""]


@pytest.mark.parametrize("part", [b"", b"POST /com", POLL[:-4], POLL[:-1]])
async def test_what_does_not_come_in_time_is_not_waited_for(part: bytes) -> None:
    line = Line(timeout_keep_alive=0)
    if part:
        line.connection.data_received(part)

    await whatever_is_due()

    assert line.transport.is_aborted


UPLOAD = b"POST /api HTTP/1.1\r\nHost: here\r\nContent-Length: 4\r\n\r\n"


@pytest.mark.parametrize("part", [UPLOAD, UPLOAD + b"bod"])
async def test_body_of_another_request_is_awaited_for_limited_time(part: bytes) -> None:
    line = Line(timeout_keep_alive=0)
    line.connection.data_received(part)

    await whatever_is_due()

    assert line.transport.is_aborted


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (UPLOAD, b"b"),
        (UPLOAD, b"body"),
        (OTHER + UPLOAD, b""),
        (OTHER + b"G", b"E"),
        (OTHER, b""),
    ],
)
async def test_rest_of_an_answered_request_is_awaited_for_limited_time(
    before: bytes, after: bytes
) -> None:
    line = Line()
    line.rest.set()
    await line.send(before)
    await line.transport.something_written.wait()
    line.connection.timeout_keep_alive = 0

    line.connection.data_received(after)
    line.connection._check_idle_timer()
    await whatever_is_due()

    assert line.transport.is_aborted


async def test_client_that_does_not_read_the_last_answer_is_cut_off() -> None:
    line = Line(timeout_keep_alive=0)
    line.rest.set()
    await line.send(OTHER.replace(b"Host", b"Connection: close\r\nHost"))
    was_aborted = line.transport.is_aborted

    await whatever_is_due()

    assert (was_aborted, line.transport.is_aborted) == (False, True)


async def test_who_waits_to_be_told_to_go_on_is_waited_for() -> None:
    line = Line(timeout_keep_alive=0)
    line.connection.data_received(UPLOAD.replace(b"Host", b"Expect: 100-continue\r\nHost"))

    await whatever_is_due()

    assert not line.transport.is_aborted


CHUNKED = b" HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npoll\r\n0\r\n"


async def test_what_comes_after_the_body_is_no_header(line: Line) -> None:
    await line.send(b"POST /cometd" + CHUNKED + b"Host: there\r\nAuthorization: x\r\n\r\n")

    [request] = line.server.requests
    assert [name for name, _ in request.scope["headers"]] == [b"host", b"transfer-encoding"]


@pytest.mark.parametrize("line_of", [b"POST /cometd", b"POST /api"])
async def test_trailers_are_not_read_without_end(line: Line, line_of: bytes) -> None:
    await line.send(line_of + CHUNKED + b"X-Long: ", *[b"x" * 10_000] * 7)

    assert line.transport.take().count("HTTP/1.1 400 ") == 1
    assert line.transport.is_ended


async def test_a_body_may_come_in_many_chunks(line: Line) -> None:
    await line.send(b"POST /api" + CHUNKED.removesuffix(b"0\r\n"), *[b"1\r\nx\r\n"] * 20_000)

    assert not line.transport.is_closed


async def test_who_is_made_to_wait_with_a_body_is_waited_for() -> None:
    line = Line(timeout_keep_alive=0)
    line.connection.data_received(UPLOAD)
    line.connection.flow.pause_reading()

    await whatever_is_due()
    was_aborted = line.transport.is_aborted
    line.connection.flow.resume_reading()
    await whatever_is_due()

    assert (was_aborted, line.transport.is_aborted) == (False, True)


async def test_another_request_that_is_whole_may_take_its_time() -> None:
    line = Line(timeout_keep_alive=0)
    line.connection.data_received(UPLOAD + b"body")

    await whatever_is_due()
    was_aborted = line.transport.is_aborted
    line.rest.set()
    await line.transport.something_written.wait()

    assert not was_aborted
    assert line.transport.take().startswith("HTTP/1.1 204 ")


async def test_who_does_not_read_the_last_answer_is_cut_off() -> None:
    line = Line(timeout_keep_alive=0)
    await line.send(POLL.replace(b"Host", b"Connection: close\r\nHost"))
    line.answer()
    was_aborted = line.transport.is_aborted

    await whatever_is_due()

    assert (was_aborted, line.transport.is_aborted) == (False, True)


async def test_when_the_server_stops_every_answer_is_the_last(line: Line) -> None:
    await line.send(POLL)
    line.server.is_stopping = True

    assert "connection: close" in line.answer()
    assert line.transport.is_closed


@pytest.mark.parametrize("hosts", [b"", b"Host: here\r\nHost: there\r\n"])
@pytest.mark.parametrize("line_of", [b"POST /cometd", b"GET /api"])
async def test_a_request_names_one_host(line: Line, line_of: bytes, hosts: bytes) -> None:
    await line.send(line_of + b" HTTP/1.1\r\n" + hosts + b"Content-Length: 4\r\n\r\npoll")

    assert line.transport.take().startswith("HTTP/1.1 400 ")
    assert line.transport.is_closed
    assert line.server.requests == []


@pytest.mark.parametrize(
    "codings",
    [b"gzip, chunked", b"gzip\r\nTransfer-Encoding: chunked", b"gzip", b"identity", b"xchunked"],
)
@pytest.mark.parametrize("line_of", [b"POST /cometd", b"POST /api"])
async def test_a_body_in_a_coding_that_nobody_decodes_is_refused(
    line: Line, line_of: bytes, codings: bytes
) -> None:
    head = line_of + b" HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: " + codings
    await line.send(head + b"\r\n\r\n4\r\npoll\r\n0\r\n\r\n")

    answer = line.transport.take()
    assert answer.startswith("HTTP/1.1 501 ")
    assert answer.count("HTTP/1.1") == 1
    assert line.transport.is_ended
    assert line.server.requests == []


async def test_a_body_is_not_asked_for_that_is_going_to_be_too_large(line: Line) -> None:
    head = POLL.replace(b"Host", b"Expect: 100-continue\r\nHost").replace(b"4", b"9").split(b"poll")

    await line.send(head[0])

    answer = line.transport.take()
    assert answer.startswith("HTTP/1.1 413 ")
    assert "x-path: /cometd" in answer
    assert line.transport.is_ended


@pytest.mark.parametrize("protocol", [b"h2c", b"TLS/1.0", b"websockets"])
@pytest.mark.parametrize("name", [b"Upgrade", b"upgrade"])
async def test_an_offer_of_another_protocol_is_passed_over(
    line: Line, name: bytes, protocol: bytes
) -> None:
    offer = name + b": " + protocol + b"\r\nConnection: Upgrade, HTTP2-Settings\r\nHost"

    await line.send(POLL.replace(b"Host", offer))

    assert [one.body for one in line.server.requests] == [b"poll"]
    assert line.answer().startswith("HTTP/1.1 200 ")
    assert not line.transport.is_closed


@pytest.mark.parametrize("version", [b"Sec-WebSocket-Version: 8\r\n", b""])
async def test_websocket_of_another_version_is_refused_with_ours(
    line: Line, version: bytes
) -> None:
    await line.send(UPGRADE.replace(b"Sec-WebSocket-Version: 13\r\n", version))

    answer = line.transport.take()
    assert answer.startswith("HTTP/1.1 426 ")
    assert "sec-websocket-version: 13\r\n" in answer
    assert line.transport.is_ended


async def test_blanks_around_the_version_of_a_websocket_do_not_matter(line: Line) -> None:
    await line.send(UPGRADE.replace(b": 13", b":13 \t"))

    await cancel_and_wait(line.connection.tasks)

    assert line.transport.protocol is not None


@pytest.mark.parametrize("before", [POLL, OTHER])
async def test_an_upgrade_that_does_not_wait_is_not_served(line: Line, before: bytes) -> None:
    await line.send(before + UPGRADE)

    line.connection.answer(DONE)
    line.rest.set()
    await line.transport.something_written.wait()

    assert line.transport.take().startswith("HTTP/1.1 20")
    assert line.transport.is_ended
    assert line.connection in line.connection.connections
