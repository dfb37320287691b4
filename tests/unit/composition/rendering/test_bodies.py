"""Texts as the bodies of a mail: what is written is read back, and no server can spoil it."""

import re
from email import message_from_bytes, policy
from email.message import MIMEPart

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.composition.rendering.bodies import Body, encode_body

FRAGMENTS = (
    *("From ", ".", "..", "=", "=20", "=_", "--", "-- ", " ", "\t", "\r", "\n", "\r\n", "\0"),
    *("ä", "名前", "\u2028", "\x0b", "\x85", "\U0001f600", "word ", "x" * 74, "x" * 200),
)
TEXTS = st.one_of(
    st.text(),
    st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join),
    st.text("ab =.\tF\n", max_size=400),
)


def mail_of(body: Body) -> bytes:
    head = (
        'Content-Type: text/plain; charset="utf-8"\r\n'
        f"Content-Transfer-Encoding: {body.encoding}\r\n\r\n"
    )
    return head.encode() + body.octets


def read_back(octets: bytes) -> str:
    return str(message_from_bytes(octets, policy=policy.default).get_content())


def as_the_library_writes(text: str) -> str:
    """Return the text as read from a body that the standard library has encoded."""
    part = MIMEPart(policy=policy.SMTP)
    part.set_content(text, cte="quoted-printable")
    return read_back(part.as_bytes())


@given(TEXTS)
def test_any_text_is_read_as_from_the_library(text: str) -> None:
    assert read_back(mail_of(encode_body(text))) == as_the_library_writes(text)


@given(TEXTS)
def test_any_text_becomes_lines_that_no_server_changes(text: str) -> None:
    octets = encode_body(text).octets

    assert octets.isascii()
    assert b"=_" not in octets
    *lines, rest = octets.split(b"\r\n")
    assert rest == b""
    for line in lines:
        assert re.fullmatch(rb"[\t -~]{0,76}", line)
        assert not line.startswith((b".", b"From "))
        assert not line.endswith((b" ", b"\t"))


@pytest.mark.parametrize("text", ["", "Hello", "Hello\n", "a\tb = c\n\n> quoted\n", "x" * 76])
def test_plain_short_lines_are_sent_as_they_are(text: str) -> None:
    assert encode_body(text).encoding == "7bit"


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("Viele Grüße von Ann", b"Viele Gr=C3=BC=C3=9Fe von Ann\r\n"),
        ("-- \nAnn", b"--=20\r\nAnn\r\n"),
        ("a\t", b"a=09\r\n"),
        ("From here\nFrom", b"=46rom here\r\nFrom\r\n"),
        (".\n.bashrc", b"=2E\r\n=2Ebashrc\r\n"),
        ("--=_0", b"--=3D_0\r\n"),
        ("a NUL: \0", b"a NUL: =00\r\n"),
        ("x" * 77, b"x" * 75 + b"=\r\nxx\r\n"),
        ("x" * 74 + "ü", b"x" * 74 + b"=\r\n=C3=BC\r\n"),
        ("x" * 76 + ".", b"x" * 75 + b"=\r\nx.\r\n"),
        ("x" * 75 + "." * 3, b"x" * 75 + b"=\r\n=2E..\r\n"),
        ("x" * 75 + "From there", b"x" * 75 + b"=\r\n=46rom there\r\n"),
        ("x" * 75 + " ", b"x" * 75 + b"=\r\n=20\r\n"),
        ("x" * 74 + "  y", b"x" * 74 + b" =\r\n y\r\n"),
    ],
)
def test_a_line_that_could_be_spoilt_is_quoted(text: str, octets: bytes) -> None:
    assert encode_body(text) == Body("quoted-printable", octets)


def test_a_text_of_another_script_is_sent_in_base64() -> None:
    body = encode_body("Здравствуйте, где моя посылка?\n" * 20)

    assert body.encoding == "base64"
    assert {len(line) for line in body.octets.split(b"\r\n")[:-2]} == {76}


def test_half_a_character_is_no_body() -> None:
    with pytest.raises(UnicodeEncodeError):
        encode_body("half \ud800")
