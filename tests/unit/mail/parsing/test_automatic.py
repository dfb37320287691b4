"""Recognition of mail that no person wrote."""

import pytest

from shared.mail.parsing.parser import parse_mail
from tests.unit.mail.mails import mail, multipart, part, whole


@pytest.mark.parametrize(
    "line",
    [
        b"Return-Path: <>",
        b"Return-Path: < >",
        b"Auto-Submitted: auto-replied",
        b"Auto-Submitted: auto-generated; owner-email=x",
        b"X-Auto-Response-Suppress: OOF, AutoReply",
        b"Precedence: bulk",
        b"Precedence: List",
        b"Precedence: auto_reply",
        b"X-Autoreply: yes",
        b"X-Autorespond: x",
        b"X-Loop: somebody",
        b"List-Id: <news.client.example>",
        b"List-Unsubscribe: <mailto:x@client.example>",
    ],
)
def test_a_mark_of_a_program_is_seen(line: bytes) -> None:
    parsed = parse_mail(mail(line + b"\r\n"))

    assert parsed.is_automatic


@pytest.mark.parametrize(
    "sender",
    [
        b"MAILER-DAEMON@x.example",
        b"postmaster@x.example",
        b"no-reply@x.example",
        b"noreply+123@x.example",
        b"do_not_reply@x.example",
        b"bounces+a=b@x.example",
        b"MAILER-DAEMON",
    ],
)
def test_an_address_of_a_program_is_seen(sender: bytes) -> None:
    assert parse_mail(b"From: " + sender + b"\r\n\r\nx").is_automatic


@pytest.mark.parametrize(
    "line",
    [
        b"Auto-Submitted: no",
        b"Auto-Submitted: No (a person)",
        b"X-Auto-Response-Suppress: None",
        b"Precedence: first-class",
        b"Return-Path: <ann@client.example>",
        b"X-Mailer: list-machine",
    ],
)
def test_a_person_is_taken_for_one(line: bytes) -> None:
    assert parse_mail(mail(line + b"\r\n")).automatic is None


@pytest.mark.parametrize("sender", ["noreplyne@x.example", "ann.postmaster@x.example"])
def test_a_name_that_only_resembles_a_program_is_a_person(sender: str) -> None:
    assert parse_mail(f"From: {sender}\r\n\r\nx".encode()).automatic is None


def test_sender_of_the_envelope_wins_over_return_path() -> None:
    raw = mail(b"Return-Path: <>\r\n")

    assert parse_mail(raw, envelope_sender="ann@client.example").automatic is None
    assert parse_mail(mail(b""), envelope_sender="").automatic == "null envelope sender"


def test_a_delivery_report_is_a_bounce() -> None:
    status = part(b"message/delivery-status", b"Action: failed\r\n")
    parsed = parse_mail(whole(multipart(b"report", part(b"text/plain", b"sorry"), status)))

    assert parsed.is_bounce
    assert parsed.automatic == "multipart/report"


def test_a_letter_of_the_daemon_is_a_bounce() -> None:
    raw = b"Return-Path: <>\r\nFrom: Mail System <MAILER-DAEMON@x.example>\r\n\r\nfailed"

    assert parse_mail(raw).is_bounce


def test_an_out_of_office_note_is_no_bounce() -> None:
    assert not parse_mail(mail(b"Return-Path: <>\r\nAuto-Submitted: auto-replied\r\n")).is_bounce
