"""Mails (time against size): none takes many times as long as a plain one of its size."""

import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.mail.limits import Limits, UnparsableMailError
from shared.mail.parsing.parser import parse_mail

SIZE = 50_000
LARGE = 300_000
MULTIPART = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
UNDELIMITED = b"Content-Type: multipart/mixed\r\n\r\n"
FLOWED = b"Content-Type: text/plain; format=flowed\r\n\r\n"
QUOTED = b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
JAPANESE = b"Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n"
PLAIN = b"<p>Hello <b>Ann</b>, how are you?</p>\r\n"
MOST_TIMES_PLAIN = 8
"""A mail may be so much more work for each octet than a plain one."""

HTML = b"Content-Type: text/html\r\n\r\n"
SCRAPS = [
    *(b"<" + name for name in b"b i a p td tr li table div font span select svg style h1".split()),
    *(b"</" + name for name in b"b i a p td tr li table div font span select svg style".split()),
    b">", b" >", b"/>", b" x", b' a="', b" a='", b"=", b"<!--", b"-->", b"<!", b"<![CDATA[", b"&",
    b"&#1", b"x", b" ", b"\t", b"\n", b"\r\n", b"--", b"--b", b"begin 644 x\n", b"\nend\n",
    b"=?utf-8?q?", b"?=", b'"', b"(", b")", b"<", b",", b";", b":", b"@", b"\\", b"=3D", b"\xff",
    b"=\n", b"> ", b"cid:", b"filename*0*=", b"\x1b$B",
]  # fmt: skip
HEADS = [
    HTML,
    b"\r\n",
    b"Content-Type: text/plain; format=flowed\r\n\r\n",
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n",
    b"Content-Type: multipart/mixed\r\n\r\n",
    b"Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n",
    b"Content-Transfer-Encoding: base64\r\n\r\n",
    b"To: ",
    b"Subject: ",
    b"References: ",
    b"Content-Type: text/plain; ",
    b"Content-Disposition: attachment; filename=",
]


def seconds(raw: bytes) -> float:
    """Return what reading takes of this process's time."""
    begin = time.process_time()
    with suppress(UnparsableMailError):
        parse_mail(raw, limits=Limits(header_octets=2 * LARGE))
    return time.process_time() - begin


@cache
def plain(size: int) -> float:
    """Return what a plain mail of that size takes here."""
    raw = HTML + PLAIN * (size // len(PLAIN))
    return max(seconds(raw) for _ in range(3))


def take(raw: bytes) -> None:
    """Fail where reading takes too long for the size, three times in a row."""
    allowed = MOST_TIMES_PLAIN * plain(LARGE if len(raw) > SIZE * 2 else SIZE)

    assert any(seconds(raw) < allowed for _ in range(3))


@given(st.sampled_from(HEADS), st.lists(st.sampled_from(SCRAPS), min_size=1, max_size=6))
def test_repeated_scraps_take_time_in_proportion(head: bytes, scraps: list[bytes]) -> None:
    scrap = b"".join(scraps)

    take(head + scrap * (SIZE // len(scrap)))


def numbered(pattern: str) -> Callable[[int], bytes]:
    """Return what makes a text of numbered scraps."""
    return lambda size: "".join(
        pattern.replace("%", str(number)) for number in range(size // (len(pattern) + 4))
    ).encode()


ATTACKS: dict[str, bytes] = {
    "b that cells hide": HTML + b"<b><table><td></b></table >" * (LARGE // 27),
    "attributes": HTML + b"<p " + numbered("a%=1 ")(LARGE) + b">",
    "fonts left open": HTML
    + b"<p>"
    + numbered("<font color=c%>")(7_000)
    + b"</p>"
    + b"<p>x" * 70_000,
    "fonts without end": HTML + numbered("<font color=c%>x")(LARGE),
    "deep paragraphs": HTML + b"<div>" * 990 + b"<p>" * (LARGE // 3),
    "elements outside cells": HTML + b"<table>" + b"<b>x</b><tr>" * (LARGE // 12),
    "comments without end": HTML + b"<!--" * (LARGE // 4),
    "styles without end": HTML + b"<style></style" * (LARGE // 14),
    "images in a title": HTML + b'<p title="' + b"<img " * (LARGE // 5) + b'">',
    "huge references": HTML + b"<b><i></b>" * 2_000 + b"&#" + b"1" * LARGE,
    "delimiters and tabs": UNDELIMITED + (b"--x" + b"\t" * 2_000 + b"y\n") * 150,
    "delimiters and returns": MULTIPART + (b"--b" + b" \r" * 999 + b"y\n") * 150,
    "colons behind words": b"To: " + b"a(b)" * 30_000 + b"@" + b":" * 100_000,
    "words in quotes": b"To: " + b'"a' * 150_000,
    "open brackets": b"To: " + b"(" * LARGE,
    "open angles": b"To: " + b"<, " * (LARGE // 3),
    "blanks before a route": b"To: <" + b" " * (LARGE // 2) + b"@" + b"," * (LARGE // 2),
    "comments before a route": b"To: <" + b" (a)" * (LARGE // 8) + b"@" + b"," * (LARGE // 2),
    "encoded words": b"To: " + b"=?utf-8?q?a?= " * (LARGE // 14),
    "charsets": b"Content-Disposition: attachment; filename=" + b"=?x?q?=FF?=" * (LARGE // 11),
    "parameters": b"Content-Type: text/plain" + numbered("; a*%=b")(LARGE),
    "blanks in parameters": b"Content-Type: text/plain" + (b";" + b" " * 999) * 300,
    "message ids": b"References: " + b"<a" * (LARGE // 2),
    "begin": b"\r\n" + b"begin 644 x\n" * (LARGE // 12),
    "end": b"\r\nbegin 644 x\n" + (b"end" + b"\t" * 999 + b"x\n") * 300,
    "padding": b"Content-Transfer-Encoding: base64\r\n\r\n" + b"a=" * (LARGE // 2),
    "soft breaks": QUOTED + (b"=" + b" " * 79) * (LARGE // 80),
    "flowed quotes": FLOWED + b"> x \n>> y \n" * (LARGE // 11),
    "header lines": b"a: b\n" * (LARGE // 5),
    "lines without a colon": b"Subject: x\n" + b"ab\n" * (LARGE // 3),
    "folded lines": b"Subject: x\n" + b" a\n" * (LARGE // 3),
    "blank lines": b"\n" * LARGE,
    "returns": b"\r" * LARGE,
    "spaces in the subject": b"Subject: " + b" (fwd" * (LARGE // 5),
    "shifts": JAPANESE + b"\x1b$B!!\x1b(B" * (LARGE // 8),
    "utf-7": b"Content-Type: text/plain; charset=utf-7\r\n\r\n" + b"+AGE-" * (LARGE // 5),
    "cids": HTML + b"<img src=cid:a>" * (LARGE // 15),
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_megabyte_made_to_be_slow_takes_time_in_proportion(attack: str) -> None:
    take(ATTACKS[attack])
