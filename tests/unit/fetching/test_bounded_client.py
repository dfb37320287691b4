"""Answers of IMAP servers are read without a second copy of a large mail in memory."""

import socket
import threading
import tracemalloc

from services.fetching.imap.bounded_client import AnswerReader

LARGE = 8_000_000


def test_large_literal_is_held_once_while_it_is_read() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        octets = bytes(LARGE) + b")\r\n"
        sending = threading.Thread(target=theirs.sendall, args=(octets,))
        reader = AnswerReader(ours)
        reader.allow(LARGE + 1_000)
        tracemalloc.start()
        sending.start()
        try:
            mail = reader.literal(LARGE)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
            sending.join()

        assert (len(mail), reader.line()) == (LARGE, b")\r\n")
        assert peak < LARGE * 1.5


def test_literal_of_an_ended_connection_is_shorter() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        theirs.sendall(b"half")
        theirs.close()

        assert AnswerReader(ours).literal(10) == b"half"
