"""Reading winmail.dat."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.mail.limits import UnparsableMailError
from shared.mail.mime.tnef import is_tnef, read_tnef
from shared.mail.parsing.files import file_contents
from shared.mail.parsing.parser import parse_mail
from tests.unit.mail.mails import mail, multipart, part

RENDERING, TITLE, DATA, PROPERTIES, MESSAGE = 0x9002, 0x8010, 0x800F, 0x9005, 0x9003


def attribute(level: int, tag: int, value: bytes) -> bytes:
    return struct.pack("<BII", level, 0x00060000 | tag, len(value)) + value + b"\0\0"


def string(property_id: int, value: bytes, kind: int = 0x001E) -> bytes:
    padded = value + bytes(-len(value) % 4)
    return struct.pack("<HHII", kind, property_id, 1, len(value)) + padded


def properties(*written: bytes) -> bytes:
    return struct.pack("<I", len(written)) + b"".join(written)


def tnef(*attributes: bytes) -> bytes:
    return struct.pack("<IH", 0x223E9F78, 1) + b"".join(attributes)


def file(name: bytes, octets: bytes) -> bytes:
    return (
        attribute(2, RENDERING, bytes(14))
        + attribute(2, TITLE, name + b"\0")
        + attribute(2, DATA, octets)
    )


LONG_NAME = attribute(
    2, PROPERTIES, properties(string(0x3707, "März.pdf\0".encode("utf-16-le"), 0x1F))
)
NAMED = (
    struct.pack("<HH", 0x001E, 0x8005) + bytes(16) + struct.pack("<II", 1, 6) + b"a\0b\0\0\0\0\0"
)
WHOLE = tnef(
    attribute(1, 0x9007, struct.pack("<II", 1252, 0)),
    attribute(
        1,
        MESSAGE,
        properties(
            struct.pack("<HHI", 3, 0x0017, 1),
            struct.pack("<HHIII", 0x1003, 0x1234, 2, 1, 2),
            NAMED + struct.pack("<II", 1, 2) + b"x\0\0\0",
            string(0x1000, b"Gr\xfc\xdfe\r\nBob\0"),
        ),
    ),
    file(b"MRZ~1.PDF", b"%PDF-1.7"),
    LONG_NAME,
    file(b"b.txt", b"two"),
)


def winmail(octets: bytes, media_type: bytes = b"application/ms-tnef") -> bytes:
    body = octets.hex().encode()
    quoted = b"".join(b"=" + body[at : at + 2].upper() for at in range(0, len(body), 2))
    lines = b"=\r\n".join(quoted[at : at + 72] for at in range(0, len(quoted), 72))
    return part(
        media_type,
        lines,
        b"Content-Transfer-Encoding: quoted-printable",
        b'Content-Disposition: attachment; filename="winmail.dat"',
    )


def test_files_and_words_are_read() -> None:
    content = read_tnef(WHOLE, 10)

    assert content.files == [("März.pdf".encode(), b"%PDF-1.7"), (b"b.txt", b"two")]
    assert content.text == "Grüße\r\nBob"
    assert content.is_whole


def test_damage_keeps_what_stands_before_it() -> None:
    content = read_tnef(WHOLE[:-1], 10)

    assert [name for name, _ in content.files] == ["März.pdf".encode()]
    assert not content.is_whole


def test_more_files_than_parts_are_refused() -> None:
    with pytest.raises(UnparsableMailError):
        read_tnef(tnef(*(file(b"a", b"") for _ in range(20))), 10)


@given(st.integers(0, len(WHOLE)), st.binary(max_size=12))
def test_any_damage_is_read(at: int, damage: bytes) -> None:
    read_tnef(WHOLE[:at] + damage + WHOLE[at + len(damage) :], 100)


def test_other_octets_are_no_tnef() -> None:
    assert not is_tnef(b"%PDF")
    assert not read_tnef(b"", 1).is_whole


@pytest.mark.parametrize("media_type", [b"application/ms-tnef", b"application/octet-stream"])
def test_mail_lists_the_files_in_it(media_type: bytes) -> None:
    raw = mail(multipart(b"mixed", part(b"text/plain", b"See."), winmail(WHOLE, media_type)))

    parsed = parse_mail(raw)

    assert [one.name for one in parsed.attachments] == ["winmail.dat", "März.pdf", "b.txt"]
    assert list(file_contents(raw)) == [WHOLE, b"%PDF-1.7", b"two"]
    assert parsed.text == "See."


def test_words_in_it_are_shown_where_there_are_no_others() -> None:
    raw = mail(multipart(b"mixed", winmail(WHOLE)))

    assert parse_mail(raw).text == "Grüße\nBob"


def test_damaged_one_is_said() -> None:
    raw = mail(multipart(b"mixed", part(b"text/plain", b"See."), winmail(WHOLE[:-1])))

    assert parse_mail(raw).warnings == ("tnef", "tnef-damaged")
