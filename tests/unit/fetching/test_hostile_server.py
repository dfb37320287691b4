"""A session with a server whose answers are made to cost much, or are no numbers."""

import socket
import ssl
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

import pytest

from services.fetching.imap.faults import FolderFaultError
from services.fetching.imap.imap_session import ImapSession
from shared.contracts.fetching import ImapServer

OPENED = b"* 3 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 4] x\r\n"


@contextmanager
def opened_session(name: bytes, answer: bytes) -> Iterator[ImapSession]:
    """Give a session whose folder is open, at a server that answers a command as is said."""
    answers = {b"CAPABILITY": b"* CAPABILITY IMAP4rev1\r\n", b"SELECT": OPENED, name: answer}
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = threading.Thread(target=_serve, args=(listening, answers))
        serving.start()
        server = ImapServer(
            host="localhost", port=listening.getsockname()[1], tls="none", user_name="desk"
        )
        session = ImapSession(server, ssl.create_default_context(), timedelta(seconds=10))
        try:
            session.connect()
            session.log_in("a-password")
            session.open("INBOX", 0, True)
            yield session
        finally:
            session.cut()
            session.close()
            serving.join()


def _serve(listening: socket.socket, answers: dict[bytes, bytes]) -> None:
    connection, _ = listening.accept()
    with connection, connection.makefile("rb") as lines, suppress(OSError):
        connection.sendall(b"* OK ready\r\n")
        for line in lines:
            tag, *words = line.split()
            name = b" ".join(words[:2] if words[0] == b"UID" else words[:1])
            connection.sendall(answers.get(name, b"") + tag + b" OK done\r\n")


def test_search_of_countless_numbers_takes_little_memory() -> None:
    answer = b"* SEARCH " + b"1 " * 2_000_000 + b"\r\n"
    with opened_session(b"UID SEARCH", answer) as session:
        tracemalloc.start()
        try:
            uids = session.uids_after(0)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert list(uids) == [1]
    assert peak < 10 * len(answer)


@pytest.mark.parametrize(
    "line", [b"* 1 A\r\n", b"* SEARCH 1\r\n", b"* SEARCH {0}\r\n\r\n", b"+\r\n"]
)
def test_answer_of_countless_lines_ends_the_session(line: bytes) -> None:
    with (
        opened_session(b"UID SEARCH", line * 300_000) as session,
        pytest.raises(FolderFaultError) as raised,
    ):
        session.uids_after(0)

    assert raised.value.fault.code == "protocol"
    assert "too large" in raised.value.fault.words


def test_time_of_an_impossible_zone_is_none() -> None:
    answer = b'* 1 FETCH (UID 1 RFC822.SIZE 5 INTERNALDATE "29-Nov-2026 12:00:00 +9959")\r\n'
    with opened_session(b"UID FETCH", answer) as session:
        (heading,) = session.headings([1])

    assert (heading.size, heading.received_at) == (5, None)


def test_time_is_compared_in_utc() -> None:
    answer = b'* 1 FETCH (UID 1 INTERNALDATE "29-Nov-2026 12:00:00 +0200")\r\n'
    with opened_session(b"UID FETCH", answer) as session:
        (heading,) = session.headings([1])

    assert heading.received_at == datetime(2026, 11, 29, 10, tzinfo=UTC)


@pytest.mark.parametrize("size", [b"-5", b"9" * 30])
def test_size_that_no_mail_has_is_unknown(size: bytes) -> None:
    answer = b"* 1 FETCH (UID 1 RFC822.SIZE %b)\r\n" % size
    with opened_session(b"UID FETCH", answer) as session:
        (heading,) = session.headings([1])

    assert heading.size == 0
