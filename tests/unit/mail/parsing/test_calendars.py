"""The appointments in a mail, and the names of cards."""

import pytest

from shared.mail.parsing.parser import parse_mail
from tests.unit.mail.mails import mail, multipart, part

ZONE = (
    b"BEGIN:VTIMEZONE\r\nTZID:Mine\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
    b"TZOFFSETFROM:+0200\r\nTZOFFSETTO:+0200\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
)


def calendar(method: bytes, *lines: bytes) -> bytes:
    head = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nMETHOD:" + method + b"\r\n"
    event = b"\r\n".join((b"BEGIN:VEVENT", b"UID:1", *lines, b"END:VEVENT"))
    body = head + ZONE + event + b"\r\nEND:VCALENDAR\r\n"
    return part(b"text/calendar; method=" + method, body)


def said(*parts: bytes) -> str:
    return parse_mail(mail(multipart(b"mixed", part(b"text/plain", b"Hi"), *parts))).calendar


UTC = b"DTSTART:20261201T100000Z"
DAY = b"DTSTART;VALUE=DATE:20261201"
FLOATING = b"DTSTART:20261201T100000"
DECLINED = b"ATTENDEE;PARTSTAT=DECLINED:mailto:a@b.example"
ZONED = b"DTSTART;TZID=Mine:20261201T120000"
NO_DATE = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:99999999\r\nEND:VEVENT\r\nEND:VCALENDAR"


@pytest.mark.parametrize(
    ("method", "lines", "words"),
    [
        (b"REQUEST", (b"SUMMARY:A\\, b", ZONED), "invitation: A, b, 2026-12-01 10:00 UTC"),
        (b"CANCEL", (b"SUMMARY:A", UTC), "cancellation: A, 2026-12-01 10:00 UTC"),
        (b"REQUEST", (b"SUMMARY:A", DAY), "invitation: A, 2026-12-01"),
        (b"REQUEST", (b"SUMMARY:A", FLOATING), "invitation: A, 2026-12-01 10:00"),
        (b"REPLY", (b"SUMMARY:A", DECLINED), "declined: A"),
        (b"PUBLISH", (b"SUMMARY:A",), "appointment: A"),
    ],
)
def test_calendar_is_said_in_words(method: bytes, lines: tuple[bytes, ...], words: str) -> None:
    assert said(calendar(method, *lines)) == words


@pytest.mark.parametrize("body", [b"BEGIN:VCALENDAR\r\nnonsense", b"x" * 300_000, b""])
def test_calendar_that_cannot_be_read_says_nothing(body: bytes) -> None:
    assert said(part(b"text/calendar", body)) == ""


def test_date_that_is_none_is_left_out() -> None:
    assert "99999999" not in said(part(b"text/calendar", NO_DATE))


def test_invitation_is_a_named_file_with_a_warning() -> None:
    raw = mail(multipart(b"mixed", part(b"text/plain", b"Hi"), calendar(b"REQUEST", b"SUMMARY:A")))

    parsed = parse_mail(raw)

    assert [one.name for one in parsed.attachments] == ["invitation.ics"]
    assert parsed.warnings == ("invitation",)


def test_card_is_named_after_its_person() -> None:
    card = part(
        b"text/vcard", "BEGIN:VCARD\r\nFN;CHARSET=utf-8:Ännchen Kundin\r\nEND:VCARD".encode()
    )

    parsed = parse_mail(mail(multipart(b"mixed", part(b"text/plain", b"Hi"), card)))

    assert [one.name for one in parsed.attachments] == ["Ännchen Kundin.vcf"]
