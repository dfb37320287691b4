"""Dots and line ends on the wire."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.outbound.smtp.dot_stuffing import DotStuffing


def through(*pieces: bytes) -> bytes:
    stuffing = DotStuffing()
    return b"".join([*map(stuffing.feed, pieces), stuffing.finish()])


@pytest.mark.parametrize(
    ("octets", "sent"),
    [
        (b"a\r\n", b"a\r\n"),
        (b"a", b"a\r\n"),
        (b".a\r\n", b"..a\r\n"),
        (b"a\r\n.\r\nb\r\n", b"a\r\n..\r\nb\r\n"),
        (b"a\n.\nb\r\n", b"a\r\n..\r\nb\r\n"),
        (b"a\r.\rb\r\n", b"a\r\n..\r\nb\r\n"),
        (b"a\r", b"a\r\n"),
        (b"", b""),
        (b"\r\n.\r\n.\r\n", b"\r\n..\r\n..\r\n"),
    ],
)
def test_dots_are_doubled_and_bare_line_ends_mended(octets: bytes, sent: bytes) -> None:
    assert through(octets) == sent


@given(st.text("a.\r\n", max_size=30), st.lists(st.integers(0, 30), max_size=4))
def test_it_does_not_matter_where_a_mail_is_cut(text: str, cuts: list[int]) -> None:
    octets = text.encode()
    ends = [0, *sorted(cuts), len(octets)]
    pieces = [octets[a:b] for a, b in pairwise(ends)]

    assert through(*pieces) == through(octets)


@given(st.text("a.\r\n", max_size=30))
def test_no_content_of_a_mail_ends_it(text: str) -> None:
    sent = through(text.encode())

    assert b"\r\n.\r\n" not in b"\r\n" + sent
    assert sent.replace(b"\r\n", b"").count(b"\n") == 0
