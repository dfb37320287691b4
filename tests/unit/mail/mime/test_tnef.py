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


# The example of MS-OXRTFCP section 4.1: `{\\rtf1\\ansi\\ansicpg1252\\pard hello world}`.
PACKED = bytes.fromhex(
    "2d0000002b0000004c5a4675f1c5c7a703000a00726370673132354232"
    "0af32068656c090020627705b06c647d0a800fa0"
)
IMESSAGE = bytes.fromhex("0703020000000000c000000000000046")


def message(*written: bytes) -> bytes:
    return attribute(1, MESSAGE, properties(*written))


def inside(name: bytes, octets: bytes) -> bytes:
    """Return an attachment that is a message."""
    return attribute(2, RENDERING, bytes(14)) + attribute(
        2,
        PROPERTIES,
        properties(string(0x3707, name + b"\0"), string(0x3701, IMESSAGE + octets, 0x000D)),
    )


def test_words_that_stand_only_in_rtf_are_read() -> None:
    content = read_tnef(tnef(message(string(0x1009, PACKED, 0x0102))), 10)

    assert (content.text, content.is_whole) == ("hello world", True)


def test_words_in_text_come_before_those_in_rtf() -> None:
    written = message(string(0x1009, PACKED, 0x0102), string(0x1000, b"Hello\0"))

    assert read_tnef(tnef(written), 10).text == "Hello"


@pytest.mark.parametrize("rtf", [b"", b"LZFu", PACKED[:-6], PACKED[:8] + b"none" + PACKED[12:]])
def test_rtf_that_cannot_be_unpacked_is_said(rtf: bytes) -> None:
    content = read_tnef(tnef(message(string(0x1009, rtf or b"x", 0x0102))), 10)

    assert (content.text, content.is_whole) == ("", False)


def test_message_inside_shows_its_words_and_files() -> None:
    inner = tnef(message(string(0x1000, b"Gr\xfc\xdfe\0")), file(b"c.txt", b"three"))

    content = read_tnef(tnef(inside(b"Offer", inner), file(b"b.txt", b"two")), 10)

    assert content.files == [
        (b"Offer.txt", "\ufeffGrüße".encode()),
        (b"c.txt", b"three"),
        (b"b.txt", b"two"),
    ]
    assert content.is_whole


def test_messages_inside_each_other_have_a_bound() -> None:
    nested = tnef(file(b"deep.txt", b"x"))
    for _ in range(30):
        nested = tnef(inside(b"again", nested))

    content = read_tnef(nested, 10)

    assert [name for name, _ in content.files] == [b"again"]


def test_files_of_messages_inside_count_together() -> None:
    inner = tnef(*(file(b"a", b"") for _ in range(6)))

    with pytest.raises(UnparsableMailError):
        read_tnef(tnef(inside(b"one", inner), inside(b"two", inner)), 10)


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
