"""Delivery reports."""

import pytest

from shared.mail.parsed_mail import Report, ReportedRecipient
from shared.mail.parsing.reports import read_report
from tests.unit.mail.mails import mail, multipart, part, whole

RETURNED = b"From: help@demo.example\r\nMessage-ID: <1@demo.example>\r\n\r\nHello\r\n"
DAEMON = b"Return-Path: <>\r\nFrom: Mail System <MAILER-DAEMON@x.example>\r\n"


def status(*recipients: bytes) -> bytes:
    blocks = (b"Reporting-MTA: dns; mx.example", *recipients)
    return part(b"message/delivery-status", b"\r\n\r\n".join(blocks) + b"\r\n")


def failed(address: bytes, *lines: bytes) -> bytes:
    fields = (b"Final-Recipient: rfc822; " + address, b"Action: failed", *lines)
    return b"\r\n".join(fields)


def report(*parts: bytes) -> Report:
    words = part(b"text/plain", b"Not delivered")
    read = read_report(whole(multipart(b"report; report-type=delivery-status", words, *parts)))
    assert read is not None
    return read


def test_a_report_names_recipients_and_the_mail_that_came_back() -> None:
    gone = failed(b"gone@x.example", b"Status: 5.1.1", b"Diagnostic-Code: smtp; 550 5.1.1 no user")

    assert report(status(gone), part(b"message/rfc822", RETURNED)) == Report(
        "failed",
        (
            ReportedRecipient(
                "gone@x.example",
                "5.1.1",
                hard=True,
                action="failed",
                words="smtp; 550 5.1.1 no user",
            ),
        ),
        ("<1@demo.example>",),
    )


@pytest.mark.parametrize(
    "returned",
    [
        part(b"message/rfc822", RETURNED),
        part(b"text/rfc822-headers", RETURNED),
        part(b"message/global", RETURNED),
        part(b"message/global-headers", RETURNED),
        part(b"text/plain", b"Your mail:\r\n\r\n> Message-Id:\r\n  <1@demo.example>\r\n"),
        multipart(b"mixed", part(b"message/rfc822", RETURNED)).replace(b"edge", b"inner"),
        part(
            b"message/rfc822",
            whole(
                multipart(
                    b"report", status(failed(b"a@x.example")), part(b"message/rfc822", RETURNED)
                ).replace(b"edge", b"inner")
            ),
        ),
        part(
            b"message/rfc822",
            b"Message-ID:\r\n <1@demo.example>\r\n\r\n",
            b"Content-Transfer-Encoding: 7bit",
        ),
    ],
)
def test_the_id_of_the_mail_that_came_back_is_found(returned: bytes) -> None:
    assert "<1@demo.example>" in report(status(failed(b"a@x.example")), returned).returned_ids


@pytest.mark.parametrize(
    ("lines", "read", "hard"),
    [
        ((b"Status: 5.1.1",), "5.1.1", True),
        ((b"Status: 5.1.10 (no such recipient)",), "5.1.10", True),
        ((b"Status: 5.2.2",), "5.2.2", False),
        ((b"Status: 5.7.1",), "5.7.1", False),
        ((b"Status: 4.4.1",), "4.4.1", False),
        ((b"Status: 5.0.0", b"Diagnostic-Code: smtp; 550 5.1.1 <a@x> unknown"), "5.1.1", True),
        ((b"Status: 5.0.0", b"Diagnostic-Code: smtp; 550 No such user here"), "5.0.0", True),
        ((b"Diagnostic-Code: smtp; 550 user unknown",), "5.0.0", True),
        ((b"Diagnostic-Code: smtp; 452 try later",), "4.0.0", False),
        ((b"Status: nonsense",), "", False),
        ((), "", False),
    ],
)
def test_a_status_says_whether_somebody_is_there(
    lines: tuple[bytes, ...], read: str, hard: bool
) -> None:
    (recipient,) = report(status(failed(b"a@x.example", *lines))).recipients

    assert (recipient.status, recipient.hard) == (read, hard)


def test_every_recipient_has_a_verdict_of_its_own() -> None:
    read = report(
        status(
            b"Final-Recipient: rfc822; late@x.example\r\nAction: delayed\r\nStatus: 4.4.1",
            b"Original-Recipient: rfc822; list@x.example\r\n"
            b"Final-Recipient: rfc822; <gone@y.example>\r\nAction: FAILED\r\nStatus: 5.1.1",
        )
    )

    assert read.kind == "failed"
    assert [(one.address, one.original, one.action) for one in read.recipients] == [
        ("late@x.example", "", "delayed"),
        ("gone@y.example", "list@x.example", "failed"),
    ]


def test_a_delay_is_no_failure() -> None:
    late = b"Final-Recipient: rfc822; a@x.example\r\nAction: delayed\r\nStatus: 4.4.1"

    assert report(status(late)).kind == "delayed"


@pytest.mark.parametrize(
    ("headers", "body", "address", "code"),
    [
        (
            b"",
            b"Hi. This is qmail.\r\n\r\n<gone@x.example>:\r\n550 5.1.1 no user",
            "gone@x.example",
            "5.1.1",
        ),
        (b"", b"<gone@x.example>: host mx said: 550 user unknown", "gone@x.example", "5.0.0"),
        (
            b"X-Failed-Recipients: gone@x.example\r\n",
            b"SMTP error: 550 5.1.1 no user",
            "gone@x.example",
            "5.1.1",
        ),
    ],
)
def test_a_letter_of_a_daemon_names_the_recipient(
    headers: bytes, body: bytes, address: str, code: str
) -> None:
    raw = DAEMON + headers + b"\r\n" + body + b"\r\n\r\nMessage-ID: <1@demo.example>\r\n"

    read = read_report(raw)

    assert read is not None
    assert [(one.address, one.status) for one in read.recipients] == [(address, code)]
    assert (read.kind, read.returned_ids) == ("failed", ("<1@demo.example>",))


def test_a_warning_of_a_daemon_is_a_delay() -> None:
    read = read_report(DAEMON + b"Subject: Warning: delayed 24 hours\r\n\r\nStill trying")

    assert read == Report("delayed")


@pytest.mark.parametrize(
    "raw",
    [
        mail(b""),
        mail(b"X-Failed-Recipients: a@x.example\r\n"),
        mail(b"Return-Path: <>\r\nAuto-Submitted: auto-replied\r\n"),
        whole(part(b"message/rfc822", RETURNED)),
        b"From: MAILER-DAEMON@x.example\r\nReturn-Path: <a@x.example>\r\n\r\nx",
    ],
)
def test_a_mail_of_somebody_is_no_report(raw: bytes) -> None:
    assert read_report(raw) is None


@pytest.mark.parametrize(
    "content",
    [
        b"Final-Recipient: rfc822; a@x.example\r\n\r\n" * 50_000,
        b"\r\n" * 500_000,
        b"x" * 1_000_000,
        b"Final-Recipient: " + b"a;" * 500_000,
        b"Status: " + b"5." * 500_000 + b"\r\nFinal-Recipient: a@x",
        b"--x\r\n" * 200_000,
    ],
)
def test_a_hostile_report_ends(content: bytes) -> None:
    assert len(report(part(b"message/delivery-status", content)).recipients) <= 1_000


def test_reports_in_reports_end() -> None:
    raw = RETURNED
    for level in range(30):
        inner = part(b"message/rfc822", raw)
        raw = whole(multipart(b"report", status(failed(b"a@x.example")), inner)).replace(
            b"edge", b"edge%d" % level
        )

    read = read_report(raw)

    assert read is not None
    assert len(read.recipients) == 3
