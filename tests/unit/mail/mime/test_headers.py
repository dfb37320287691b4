"""Header blocks, regular and malformed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.mail.mime import headers as headers_module
from shared.mail.mime.headers import body_offset, read_mail_headers
from tests.unit.mail.mails import mail


def test_folded_lines_become_one_value() -> None:
    headers, _ = read_mail_headers(mail(b"Subject: one\r\n two\r\n\tthree\r\n"))

    assert headers.first("subject") == b"one two three"


def test_the_body_starts_after_the_first_blank_line() -> None:
    raw = mail(b"Subject: x\r\n", b"body\r\n\r\nmore")

    _, body = read_mail_headers(raw)

    assert raw[body:] == b"body\r\n\r\nmore"


@pytest.mark.parametrize(
    "raw",
    [
        b"\r\n\r\nSubject: here\r\n\r\nbody",
        b"From ann@client.example Mon Jan  1\nSubject: here\n\nbody",
        b"\n>From ann Mon Jan  1\nSubject: here\n\nbody",
        b"Subject : here\r\n\r\nbody",
        b"Subject\t: here\nX-Other: 1\n\nbody",
        b"Received: x\nno colon in this line\nSubject: here\n\nbody",
        b"Received: x\n---- passed on ----\nSubject: here\n\nbody",
        b"-----\nSubject: here\n\nbody",
        b"Received: x\n=====\nSubject: here\nTo: a@x.example\n\nbody",
        b"Subject: here\n-- \nTo: a@x.example\n\nbody",
        b"Received: x\nFrom ann Mon Jan  1\nSubject: here\n\nbody",
        b"Subject:\nSubject: here\n\nbody",
        b"Subject: here\r\r\nX-Other: 1\r\r\n\r\r\nbody",
    ],
)
def test_damage_around_a_field_does_not_hide_it(raw: bytes) -> None:
    headers, body = read_mail_headers(raw)

    assert headers.first("subject") == b"here"
    assert raw[body:] == b"body"


def test_line_without_colon_continues_the_value_with_warning() -> None:
    headers, _ = read_mail_headers(b"Subject: a long\nsubject\nTo: x@y.example\n\nbody")

    assert headers.first("subject") == b"a long subject"
    assert headers.first("to") == b"x@y.example"
    assert headers.malformed


def test_a_junk_line_does_not_become_part_of_an_address() -> None:
    raw = b"From: Ann <a@x.example>\nsome junk\nTo: b@y.example,\nc@z.example\nDate: x\n\nbody"

    headers, _ = read_mail_headers(raw)

    assert headers.first("from") == b"Ann <a@x.example>"
    assert headers.first("to") == b"b@y.example, c@z.example"


def test_long_block_is_read_by_the_starts_of_its_fields() -> None:
    fields = b"X: " + b"y" * 300_000 + b"\r\nSubject: here\r\nTo: a,\r\n b\r\n"

    headers, body = read_mail_headers(fields + b"\r\nbody")

    assert (headers.first("subject"), headers.first("to")) == (b"here", b"a, b")
    assert len(headers.first("x") or b"") < 100_000
    assert headers.cut
    assert (fields + b"\r\nbody")[body:] == b"body"


def test_fields_beyond_the_limit_are_not_read() -> None:
    raw = b"Subject: here\n" + b"X: y\n" * 100_000 + b"\nbody"

    headers, body = read_mail_headers(raw)

    assert headers.first("subject") == b"here"
    assert len(headers.fields) < 60_000
    assert (headers.cut, raw[body:]) == (True, b"body")


def test_a_long_text_without_a_blank_line_is_body() -> None:
    raw = b"Subject: here\n" + b"A line of text.\n" * 50_000

    headers, body = read_mail_headers(raw)

    assert (headers.fields, headers.cut) == ((("subject", b"here"),), False)
    assert body == len(b"Subject: here\n")


def test_text_after_the_fields_without_blank_line_is_body() -> None:
    raw = b"Subject: x\nThis is the text.\n\nMore."

    headers, body = read_mail_headers(raw)

    assert headers.fields == (("subject", b"x"),)
    assert raw[body:] == b"This is the text.\n\nMore."


def test_a_delimiter_ends_the_header_block() -> None:
    raw = b"Subject: x\nPreamble\n--edge\nContent-Type: text/html\n\n<p>"

    headers, body = read_mail_headers(raw)

    assert headers.first("content-type") is None
    assert raw[body:].startswith(b"Preamble\n--edge")


def test_repeated_field_has_its_topmost_value_first() -> None:
    headers, _ = read_mail_headers(b"To: a\nTo: b\n\n")

    assert headers.first("to") == b"a"
    assert headers.every("to") == (b"a", b"b")


@pytest.mark.parametrize("raw", [b"", b"\n", b"\r\n", b"\r", b"x", b":", b"\n\n\n", b"A:"])
def test_almost_nothing_is_read_as_almost_nothing(raw: bytes) -> None:
    _, body = read_mail_headers(raw)

    assert 0 <= body <= len(raw)


SCRAPS = [
    *(b"Subject", b"From", b"From ", b">From ", b"--b", b"--", b":", b": ", b" :", b"x", b"a b"),
    *(b"\r\n", b"\n", b"\r", b"\n\n", b"\r\n\r\n", b"\r\r\n", b" ", b"\t", b"\n ", b"\r\n\t"),
    *(b"\xe9", b"\0", b"\x0b", b"\x0c", b"=?utf-8?q?x?="),
]
BLOCKS = st.lists(st.sampled_from(SCRAPS), max_size=25).map(b"".join)


@given(BLOCKS)
def test_sound_blocks_are_read_like_any_other(raw: bytes) -> None:
    read = read_mail_headers(raw)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(headers_module, "_sound_fields", lambda _block: ())
        line_by_line = read_mail_headers(raw)

    assert read == line_by_line


@given(BLOCKS, st.sampled_from([20, 1_000]))
def test_body_offset_is_that_of_the_read_headers(raw: bytes, limit: int) -> None:
    assert body_offset(raw, limit) == read_mail_headers(raw, limit)[1]
