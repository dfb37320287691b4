"""Transfer encodings, including damaged content."""

import binascii

import pytest

from shared.mail.mime.transfer import decode_transfer, split_uuencoded

BLOCK = b"begin 644 hello.txt\n" + binascii.b2a_uu(b"Hello uu\n") + b"`\nend\n"


@pytest.mark.parametrize(
    ("encoded", "octets"),
    [
        (b"SGVsbG8=", b"Hello"),
        (b"SGVs\r\nbG8=\r\n", b"Hello"),
        (b"SGVsbG8", b"Hello"),
        (b"SGVsbG8hA", b"Hello!"),
        (b"SG=Vsb", b"H" + b"\x56\xc6"),
        (b"SGVsbG8=\r\nSGVsbG8=\r\n", b"HelloHello"),
        (b"SGVsbG8=\r\n-- \r\na list's footer\r\n", b"Hello"),
        (b"SGVs*bG8=", b"Hello"),
        (
            b"this is plain text with many blanks in it",
            b"this is plain text with many blanks in it",
        ),
        (b"", b""),
        (b"====", b""),
    ],
)
def test_base64(encoded: bytes, octets: bytes) -> None:
    assert decode_transfer(encoded, "base64") == octets


@pytest.mark.parametrize(
    ("encoded", "octets"),
    [
        (b"a=3Db", b"a=b"),
        (b"a=\r\nb", b"ab"),
        (b"a= \r\nb", b"ab"),
        (b"a=\nb", b"ab"),
        (b"a=ZZb", b"a=ZZb"),
        (b"a=", b"a"),
    ],
)
def test_quoted_printable(encoded: bytes, octets: bytes) -> None:
    assert decode_transfer(encoded, "quoted-printable") == octets


@pytest.mark.parametrize("name", ["x-uuencode", "uuencode", "x-uue"])
def test_uuencode(name: str) -> None:
    assert decode_transfer(BLOCK, name) == b"Hello uu\n"


@pytest.mark.parametrize("name", ["7bit", "8bit", "binary", "x-unknown", ""])
def test_other_encodings_change_nothing(name: str) -> None:
    assert decode_transfer(b"a=3D\xff", name) == b"a=3D\xff"


def test_a_uuencoded_block_is_taken_out_of_its_text() -> None:
    text, blocks = split_uuencoded(b"before\n" + BLOCK + b"after\n", 1)

    assert text == b"before\nafter\n"
    assert blocks == ((b"hello.txt", b"Hello uu\n"),)


@pytest.mark.parametrize(
    "text",
    [
        b"begin 644 nothing.txt\nthis is prose, not a file\nend\n",
        b"begin 644 unclosed.txt\n" + binascii.b2a_uu(b"x"),
        b"we begin 644 times\nend\n",
        b"begin 644 a\n" * 1_000,
    ],
)
def test_text_that_looks_like_a_block_stays(text: bytes) -> None:
    assert split_uuencoded(text, 1) == (text, ())
