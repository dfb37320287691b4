"""The listeners before strangers, on the loop of production and on asyncio's."""

from contextlib import ExitStack

import pytest

from tests.doubles.listener import Client, Run


def test_a_session_too_many_is_turned_away(run: Run) -> None:
    running = run(most_sessions=2)

    with running.connect() as first, running.connect() as second, running.connect() as third:
        assert (first.code(), second.code()) == (220, 220)
        assert third.answer().startswith(b"421 4.3.2 ")
        assert third.is_hung_up_on()


def test_many_sessions_too_many_are_all_closed(run: Run) -> None:
    running = run(most_sessions=1)

    with running.connect() as first, ExitStack() as stack:
        first.greet()
        surplus = [stack.enter_context(running.connect()) for _ in range(200)]
        assert {one.code() for one in surplus} == {421}
        assert all(one.is_hung_up_on() for one in surplus)
        assert first.ask("NOOP") == 250


def test_a_surplus_peer_that_talks_on_is_closed_too(run: Run) -> None:
    running = run(most_sessions=1)

    with running.connect() as first, running.connect() as surplus:
        first.greet()
        surplus.send(b"EHLO x\r\n" * 10)
        surplus.end()
        assert surplus.is_hung_up_on()


def test_peer_has_no_more_than_its_share_of_sessions(run: Run) -> None:
    running = run(sessions_per_peer=2)

    with ExitStack() as stack:
        taken = [stack.enter_context(running.connect("127.0.0.2")) for _ in range(3)]
        assert [one.code() for one in taken[:2]] == [220, 220]
        assert taken[2].answer().startswith(b"421 4.7.0 ")
        assert stack.enter_context(running.connect("127.0.0.3")).code() == 220


def test_a_peer_that_leaves_makes_room_for_itself(run: Run) -> None:
    running = run(sessions_per_peer=1)

    for _ in range(3):
        with running.connect() as client:
            assert client.greet().ask("QUIT") == 221
            assert client.is_hung_up_on()


def test_a_peer_that_connects_too_often_is_turned_away(run: Run) -> None:
    running = run(new_sessions_per_peer=2)

    with ExitStack() as stack:
        taken = [stack.enter_context(running.connect("127.0.0.2")) for _ in range(3)]
        assert [one.code() for one in taken[:2]] == [220, 220]
        assert taken[2].answer().startswith(b"421 4.7.0 too many connections")
        assert taken[2].is_hung_up_on()
        assert stack.enter_context(running.connect("127.0.0.3")).code() == 220


def test_a_relay_is_no_single_peer(run: Run) -> None:
    running = run(sessions_per_peer=1, relays="192.0.2.0/24, 127.0.0.2")

    with ExitStack() as stack:
        taken = [stack.enter_context(running.connect("127.0.0.2")) for _ in range(5)]
        assert {one.code() for one in taken} == {220}


def test_idle_sessions_of_a_relay_lock_nobody_out(run: Run) -> None:
    running = run(most_sessions=3, relays="127.0.0.2", idle_when_full=0)

    with ExitStack() as stack:
        idle = [stack.enter_context(running.connect("127.0.0.2")).greet() for _ in range(3)]
        stranger = stack.enter_context(running.connect("127.0.0.3")).greet()
        assert idle[0].answer().startswith(b"421 4.3.2 ")
        assert idle[1].ask("NOOP") == 250
        assert stranger.address().ask("DATA") == 354


def test_a_session_in_the_middle_of_a_mail_makes_no_room(run: Run) -> None:
    running = run(most_sessions=1, idle_when_full=0)

    with running.connect() as busy:
        assert busy.greet().address().ask("DATA") == 354
        with running.connect() as other:
            assert other.code() == 421
        busy.send(b"Subject: x\r\n\r\nx\r\n.\r\n")
        assert busy.code() == 250


@pytest.mark.parametrize("end", [b"", b"\r", b"\0"])
def test_a_command_without_end_ends_the_session(run: Run, end: bytes) -> None:
    running = run()

    with running.connect() as client:
        client.greet()
        _send_until_cut(client, b"NOOP " + b"x" * 60_000 + end)
        assert client.code() in (500, 0)
        assert client.is_hung_up_on()


def test_a_line_of_a_mail_without_end_ends_the_session(run: Run) -> None:
    running = run()

    with running.connect() as client:
        assert client.greet().address().ask("DATA") == 354
        _send_until_cut(client, b"x" * 60_000)
        assert client.code() in (500, 0)
        assert client.is_hung_up_on()
    assert running.kept == []


def test_a_mail_without_end_ends_the_session(run: Run) -> None:
    running = run()

    with running.connect() as client:
        assert client.greet().address().ask("DATA") == 354
        _send_until_cut(client, (b"x" * 70 + b"\r\n") * 1_000)
        assert client.code() in (552, 0)
        assert client.is_hung_up_on()
    assert running.kept == []


def test_a_long_command_is_refused_and_the_next_obeyed(run: Run) -> None:
    running = run()

    with running.connect() as client:
        assert client.greet().ask("NOOP " + "x" * 2_000) == 500
        assert client.ask("NOOP") == 250


def test_a_mail_that_trickles_is_cut_off(run: Run) -> None:
    running = run(silence=0.3, slowest=1_000_000)

    with running.connect() as client:
        assert client.greet().address().ask("DATA") == 354
        assert _trickles_until_cut(client, b"x\r\n")
    assert running.kept == []


def test_a_slow_mail_without_pauses_is_cut_off(run: Run) -> None:
    running = run(silence=0.05, slowest=10**12, largest_mail=100_000_000)

    with running.connect() as client:
        assert client.greet().address().ask("DATA") == 354
        _send_until_cut(client, (b"x" * 70 + b"\r\n") * 100, times=20_000)
    assert running.kept == []


def test_a_mail_that_comes_fast_enough_is_never_cut(run: Run) -> None:
    running = run(silence=0.3, slowest=10)

    with running.connect() as client:
        assert client.greet().address().ask("DATA") == 354
        assert not _trickles_until_cut(client, b"x" * 100 + b"\r\n", times=30)
        client.send(b".\r\n")
        assert client.code() == 250


def test_a_session_that_reads_no_answers_is_cut_off(run: Run) -> None:
    running = run(most_sessions=1, silence=0.3, flushing=0.1)

    with running.connect() as deaf:
        deaf.greet()
        _send_until_cut(deaf, b"HELP\r\n" * 10_000)
    with running.connect() as client:
        client.greet()


def test_a_session_is_ended_that_has_lasted_long_enough(run: Run) -> None:
    running = run(longest_session=0)

    with running.connect() as client:
        assert client.answer().startswith(b"421 4.7.0 enough ")
        assert client.is_hung_up_on()


def test_a_session_has_its_number_of_mails(run: Run) -> None:
    running = run(mails_per_session=2)

    with running.connect() as client:
        client.greet()
        for _ in range(2):
            assert client.address().ask("DATA") == 354
            client.send(b"Subject: x\r\n\r\nx\r\n.\r\n")
            assert client.code() == 250
        assert client.ask("MAIL FROM:<ann@example.org>") == 421
        assert client.is_hung_up_on()
    assert len(running.kept) == 2


def test_guessing_of_recipients_closes_the_session(run: Run) -> None:
    running = run(most_refusals=20, refusal_delay=0.001)

    with running.connect() as client:
        client.greet()
        client.ask("MAIL FROM:<ann@example.org>")
        answers = [client.ask(f"RCPT TO:<guess{number}@demo.example>") for number in range(3_000)]
        assert answers[:21] == [550] * 20 + [421]
        assert set(answers[21:]) == {0}


def test_guessing_of_recipients_slows_no_other_session(run: Run) -> None:
    running = run(refusal_delay=60, longest_delay=60)

    with running.connect() as guesser, running.connect() as client:
        guesser.greet().ask("MAIL FROM:<ann@example.org>")
        guesser.send(b"RCPT TO:<guess@demo.example>\r\n" * 20)
        assert {guesser.code() for _ in range(5)} == {550}
        assert client.greet().address().ask("DATA") == 354


def test_a_mail_that_is_taken_makes_up_for_refusals(run: Run) -> None:
    running = run(most_refusals=3, refusal_delay=0)

    with running.connect() as client:
        client.greet()
        for _ in range(3):
            client.address()
            assert client.ask("RCPT TO:<nobody@demo.example>") == 550
            assert client.ask("RCPT TO:<stranger@demo.example>") == 550
            assert client.ask("DATA") == 354
            client.send(b"Subject: x\r\n\r\nx\r\n.\r\n")
            assert client.code() == 250


@pytest.mark.parametrize("command", ["WHAT", "MAIL", "RCPT TO:<x>", "HELO", "VRFY \udcff", ""])
def test_unknown_commands_close_the_session(run: Run, command: str) -> None:
    running = run(most_refusals=10, refusal_delay=0)

    with running.connect() as client:
        client.greet()
        answers: list[int] = []
        while (code := _ask_octets(client, command)) and len(answers) < 3_000:
            answers.append(code)
        assert len(answers) < 3_000
        assert client.is_hung_up_on()


def test_repeated_noop_closes_the_session(run: Run) -> None:
    running = run(most_refusals=10, refusal_delay=0)

    with running.connect() as client:
        client.greet()
        answers = [client.ask("NOOP") for _ in range(500)]
        assert answers[-1] == 0
        assert 421 in answers


def test_many_recipients_are_no_idle_talk(run: Run) -> None:
    running = run(most_refusals=10, refusal_delay=0)

    with running.connect() as client:
        client.greet().address()
        for _ in range(1_500):
            assert client.ask("RCPT TO:<support@demo.example>") in (250, 452)
        assert client.ask("NOOP") == 250


def test_recipients_without_end_close_the_session(run: Run) -> None:
    running = run(most_refusals=10, refusal_delay=0)

    with running.connect() as client:
        client.greet().address()
        answers = [client.ask("RCPT TO:<support@demo.example>") for _ in range(2_600)]
        assert answers[-1] == 0
        assert 421 in answers


def test_greeting_again_makes_no_longer_commands(run: Run) -> None:
    running = run()

    with running.connect() as client, running.connect() as other:
        client.greet()
        for _ in range(50):
            client.ask("EHLO client.example")
        assert client.ask("MAIL FROM:<" + "x" * 600 + "@example.org>") == 500
        other.greet()
        parameters = "SIZE=1000 BODY=8BITMIME SMTPUTF8"
        assert client.ask("MAIL FROM:<" + "x" * 480 + f"@example.org> {parameters}") in (250, 553)


@pytest.mark.parametrize(
    "octets",
    [
        b"MAIL FROM:<\xff@example.org>",
        b"MAIL FROM:<a\x01b@example.org>",
        b"MAIL FROM:" + b"(" * 450,
        b'MAIL FROM:<"',
        b"MAIL FROM:<a@[",
        b"MAIL FROM:<@",
        b"MAIL FROM:<\\",
        "MAIL FROM:<a@example.org> SIZE=²".encode(),
        "MAIL FROM:<a@example.org> SIZE=٢".encode(),
        "RCPT TO:<support@demo.example> NOTIFY=ü".encode(),
        b"RCPT TO:<\xff@demo.example>",
        b"VRFY \xff",
        b"HELP \xff",
        b"EXPN \xff",
        b"AUTH PLAIN \xff",
        b"\xff",
        b"NOOP \xff\0",
    ],
)
def test_strange_octets_are_refused_without_a_traceback(run: Run, octets: bytes) -> None:
    running = run()

    with running.connect() as client:
        client.greet()
        client.send(octets + b"\r\n")
        answered = client.code()
        assert answered in {250, 252} or 500 <= answered < 560
        assert client.ask("NOOP") == 250


@pytest.mark.parametrize("octets", [b"STRANGER x", "STRANGER\rx ü".encode(), b"STRANGER\0"])
@pytest.mark.parametrize("lmtp", [False, True], ids=["SMTP", "LMTP"])
def test_an_unknown_command_is_not_repeated(run: Run, octets: bytes, *, lmtp: bool) -> None:
    running = run()

    with running.connect(lmtp=lmtp) as client:
        client.answer()
        client.send(octets + b"\r\n")
        answered = client.answer()

    assert answered.startswith(b"500 ")
    assert b"STRANGER" not in answered


def test_names_that_are_not_unicode_are_stored_somehow(run: Run) -> None:
    running = run()

    with running.connect() as client:
        assert client.code() == 220
        client.send(b"EHLO \xff\xfe" + b"n" * 400 + b"\r\n")
        assert client.code() == 250
        assert client.address().ask("DATA") == 354
        client.send(b"Subject: x\r\n\r\nx\r\n.\r\n")
        assert client.code() == 250
    assert "n" * 200 in running.kept[0].raw.decode()


def test_the_null_sender_is_nobody(run: Run) -> None:
    running = run()

    with running.connect() as client:
        assert client.greet().ask("MAIL FROM:<>") == 250
        assert client.ask("RCPT TO:<support@demo.example>") == 250
        assert client.ask("DATA") == 354
        client.send(b"Subject: x\r\n\r\nx\r\n.\r\n")
        assert client.code() == 250
    assert running.kept[0].sender == ""
    assert running.kept[0].raw.startswith(b"Return-Path: <>\r\n")


def test_a_service_that_stops_says_so_when_it_may(run: Run) -> None:
    running = run()

    with running.connect() as idle, running.connect() as busy:
        idle.greet()
        assert busy.greet().address().ask("DATA") == 354
        running.allow_storing(allowed=False)
        busy.send(b"Subject: x\r\n\r\nx\r\n.\r\n")
        assert running.keeping.asked.wait(10)

        running.stop()

        assert idle.answer().startswith(b"421 4.3.2 ")
        assert idle.is_hung_up_on()
        running.allow_storing(allowed=True)
        assert busy.code() == 250
        assert busy.answer().startswith(b"421 4.3.2 ")
        assert busy.is_hung_up_on()
    assert len(running.kept) == 1


def test_mail_that_is_coming_when_the_service_stops_is_taken(run: Run) -> None:
    running = run()

    with running.connect() as idle, running.connect() as addressed, running.connect() as busy:
        idle.greet()
        addressed.greet().address()
        assert busy.greet().address().ask("DATA") == 354
        busy.send(b"Subject: x\r\n")

        running.stop()

        for one in (idle, addressed):
            assert one.answer().startswith(b"421 4.3.2 ")
            assert one.is_hung_up_on()
        busy.send(b"\r\nx\r\n.\r\n")
        assert busy.code() == 250
        assert busy.is_hung_up_on()
    assert len(running.kept) == 1


def test_mail_that_never_ends_does_not_hold_up_a_stop(run: Run) -> None:
    running = run(DRAIN=6)  # of which five seconds are for parsing

    with running.connect() as busy:
        assert busy.greet().address().ask("DATA") == 354
        busy.send(b"Subject: x\r\n")
        running.stop()
        assert running.has_ended(within=5)
    assert running.kept == []


@pytest.mark.parametrize("octets", [b"", b"EHLO x\r\n", b"MAIL", b"\0" * 100])
def test_session_closed_at_once_is_removed(run: Run, octets: bytes) -> None:
    running = run(most_sessions=1)

    for _ in range(20):
        with running.connect() as client:
            client.send(octets)
            client.end()
            assert client.is_hung_up_on()
    with running.connect() as client:
        client.greet()


def _ask_octets(client: Client, command: str) -> int:
    try:
        client.send(command.encode("utf-8", "surrogateescape") + b"\r\n")
    except ConnectionError:
        return 0
    return client.code()


def _send_until_cut(client: Client, octets: bytes, *, times: int = 2_000) -> None:
    try:
        for _ in range(times):
            client.send(octets)
    except ConnectionError:
        return
    raise AssertionError("still listened to")


def _trickles_until_cut(client: Client, octets: bytes, *, times: int = 200) -> bool:
    for _ in range(times):
        try:
            client.send(octets)
            if client.receives_within(0.05):
                return client.code() in (421, 0)
        except (TimeoutError, ConnectionError):
            return True
    return False


def test_the_largest_mail_is_ended_where_there_is_no_room_for_all(run: Run) -> None:
    running = run(room=4_000, largest_mail=2_000)

    with running.connect("127.0.0.2") as greedy, running.connect("127.0.0.3") as modest:
        assert greedy.greet().address().ask("DATA") == 354
        assert modest.greet().address().ask("DATA") == 354
        greedy.send(b"x\r\n" * 1_000)
        modest.send(b"x\r\n" * 500)
        assert greedy.answer().startswith(b"421 4.3.1 ")
        assert modest.ask(".") == 250
