"""Delivery reports."""

import time

import pytest

from shared.mail.parsed_mail import Report, ReportedRecipient
from shared.mail.parsing.bounces.other_reports import repeats_subject
from shared.mail.parsing.reports import read_report
from tests.support.reports.automatic_mails import ABSENCES, LOOK_ALIKES, is_quiet
from tests.support.reports.labels import Labelled
from tests.support.reports.letters import LETTERS
from tests.support.reports.machine_reports import LETTERS_OF_PEOPLE, MACHINE_REPORTS
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
                diagnostic="smtp; 550 5.1.1 no user",
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
    assert (
        "<1@demo.example>" in report(status(failed(b"a@x.example")), returned).returned_message_ids
    )


@pytest.mark.parametrize(
    ("lines", "read", "hard"),
    [
        ((b"Status: 5.1.1",), "5.1.1", True),
        ((b"Status: 5.1.10 (no such recipient)",), "5.1.10", True),
        ((b"Status: 5.2.2",), "5.2.2", False),
        ((b"Status: 5.7.1",), "5.7.1", False),
        ((b"Status: 4.4.1",), "4.4.1", False),
        ((b"Status: 5.1",), "5.1.0", False),
        ((b"Status: 5.1", b"Diagnostic-Code: smtp; 550 No such user"), "5.1.0", True),
        ((b"Status: 5.0.0", b"Diagnostic-Code: smtp; 550 5.1.1 <a@x> unknown"), "5.1.1", True),
        ((b"Status: 5.0.0", b"Diagnostic-Code: smtp; 550 No such user here"), "5.0.0", True),
        ((b"Diagnostic-Code: smtp; 550 user unknown",), "5.1.1", True),
        ((b"Diagnostic-Code: smtp; 452 try later",), "4.5.3", False),
        ((b"Status: nonsense",), "5.0.0", False),
        ((), "5.0.0", False),
        ((b"Status: 5.2.1", b"Diagnostic-Code: smtp; 550 5.2.1 disabled"), "5.2.1", False),
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
        (b"", b"<gone@x.example>: host mx said: 550 user unknown", "gone@x.example", "5.1.1"),
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
    assert (read.kind, read.returned_message_ids) == ("failed", ("<1@demo.example>",))


def test_a_warning_of_a_daemon_is_a_delay() -> None:
    read = read_report(DAEMON + b"Subject: Warning: delayed 24 hours\r\n\r\nStill trying")

    assert read == Report("delayed", confidence="low")


@pytest.mark.parametrize(
    "raw",
    [
        mail(b""),
        mail(b"X-Failed-Recipients: a@x.example\r\nReturn-Path: <ann@client.example>\r\n"),
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
    assert len(report(part(b"message/delivery-status", content)).recipients) <= 10_000


def test_reports_in_reports_end() -> None:
    raw = RETURNED
    for level in range(30):
        inner = part(b"message/rfc822", raw)
        raw = whole(multipart(b"report", status(failed(b"a@x.example")), inner)).replace(
            b"edge", b"edge%d" % level
        )

    read = read_report(raw)

    assert read is not None
    assert [one.address for one in read.recipients] == ["a@x.example"]


@pytest.mark.parametrize("labelled", [*LETTERS, *MACHINE_REPORTS], ids=lambda one: one.name)
def test_a_report_of_a_known_kind_is_read_as_labelled(labelled: Labelled) -> None:
    read = read_report(labelled.raw)

    assert read is not None
    assert read.kind == labelled.kind
    assert {(one.address, one.status, one.hard) for one in read.recipients} == {
        (one.address, one.status, one.hard) for one in labelled.verdicts
    }


@pytest.mark.parametrize("labelled", ABSENCES, ids=lambda one: one.name)
def test_note_of_a_program_rings_nobody(labelled: Labelled) -> None:
    assert is_quiet(labelled)


@pytest.mark.parametrize("labelled", [*LOOK_ALIKES, *LETTERS_OF_PEOPLE], ids=lambda one: one.name)
def test_letter_that_looks_like_a_note_rings_somebody(labelled: Labelled) -> None:
    assert not is_quiet(labelled)


def test_hardly_any_automatic_mail_rings_somebody() -> None:
    automatic = [*LETTERS, *MACHINE_REPORTS, *ABSENCES]

    ringing = [one.name for one in automatic if not is_quiet(one)]

    assert len(ringing) <= 0.02 * len(automatic), ringing


@pytest.mark.parametrize("labelled", LETTERS_OF_PEOPLE, ids=lambda one: one.name)
def test_a_letter_of_a_person_is_no_report(labelled: Labelled) -> None:
    assert read_report(labelled.raw) is None


def test_the_envelope_id_and_the_remote_server_are_read() -> None:
    read = report(
        part(
            b"message/delivery-status",
            b"Original-Envelope-Id: token-1\r\n\r\nFinal-Recipient: rfc822; a@x.example\r\n"
            b"Action: failed\r\nStatus: 5.1.1\r\nRemote-MTA: dns; mx.x.example\r\n",
        )
    )

    assert (read.envelope_id, read.recipients[0].remote_server) == ("token-1", "mx.x.example")


@pytest.mark.parametrize(
    ("letter", "confidence"),
    [("exim", "medium"), ("listed-only-in-the-original", "low")],
)
def test_confidence_says_where_a_recipient_stands(letter: str, confidence: str) -> None:
    (raw,) = (one.raw for one in LETTERS if one.name == letter)

    read = read_report(raw)

    assert read is not None
    assert read.confidence == confidence


def test_a_mail_beyond_a_limit_is_no_report() -> None:
    parts = b"".join(b"--e\r\n\r\nx\r\n" for _ in range(2_000))

    read = read_report(DAEMON + b"Content-Type: multipart/report; boundary=e\r\n\r\n" + parts)

    assert read is None


@pytest.mark.parametrize(
    "line",
    [
        b"<a%d@x.example>: user unknown\r\n",
        b"<a@x.example>: a%d user domain host server address mailbox\r\n",
        b"---------------- %d ----------------\r\n",
        b"X-A%d: b\r\n",
        b"550 5.1.%d user to for recipient\r\n",
    ],
)
def test_a_hostile_notice_is_read_in_time(line: bytes) -> None:
    notice = b"".join(line % number for number in range(20_000))

    started = time.process_time()
    read_report(DAEMON + b"Subject: failure notice\r\n\r\n" + notice)

    assert time.process_time() - started < 5


NOT_CERTAIN = {"absent-exchange-2003"}
"""Notes without any mark in their headers: a person may have written them."""


@pytest.mark.parametrize(
    "labelled",
    [one for one in MACHINE_REPORTS if one.kind != "failed"],
    ids=lambda one: one.name,
)
def test_reports_of_programs_are_certain_by_their_marks(labelled: Labelled) -> None:
    report = read_report(labelled.raw)

    assert report is not None
    assert report.is_certain is (labelled.name not in NOT_CERTAIN)


@pytest.mark.parametrize(
    "headers",
    [
        "Subject: Out of office: who helps me?",
        "Subject: Out of office: who helps me?\nX-Auto-Response-Suppress: All",
        "Subject: Vacation in May\nAuto-Submitted: auto-generated",
        "Subject: On holiday\nPrecedence: bulk",
        "Return-Path: <>\nSubject: Vacation in May",
        "Return-Path: <>\nSubject: Delayed parcel",
        "Subject: Vacation in May\nX-Autoreply: no",
    ],
)
def test_report_that_a_person_may_have_written_is_not_certain(headers: str) -> None:
    raw = f"From: Ann <ann@example.org>\n{headers}\n\nI am bo@example.org: it is delayed.\n"

    report = read_report(raw.encode())

    assert report is None or not report.is_certain


@pytest.mark.parametrize(
    ("precedence", "subject", "is_certain"),
    [
        ("bulk", "away from my mail", True),
        ("junk", "Away from my mail", True),
        ("", "away from my mail", False),
        ("bulk", "Vacation rental for eight", False),
        ("bulk", "away from my mail for a week, please call", False),
    ],
)
def test_vacation_program_is_known_by_mark_and_subject(
    precedence: str, subject: str, is_certain: bool
) -> None:
    headers = f"From: ann@client.example\r\nSubject: {subject}\r\nPrecedence: {precedence}\r\n"

    report = read_report(f"{headers}\r\nI am away".encode())

    assert bool(report and report.is_certain) is is_certain


@pytest.mark.parametrize(
    ("subject", "answered", "repeats"),
    [
        ("Automatic reply: Your order 17", "Your order 17", True),
        ("Abwesenheitsnotiz: AW: Ihre Frage", "Ihre Frage", True),
        ("Automatic reply: Your order", "Your order 17", False),
        ("Automatic reply:", "", False),
        ("Re: Your order 17", "Your order 17", False),
        ("Out of office next week", "next week", False),
    ],
)
def test_program_repeats_the_subject_that_it_answers(
    subject: str, answered: str, repeats: bool
) -> None:
    assert repeats_subject(subject, answered) is repeats


def test_the_name_of_an_absent_person_may_have_a_comma() -> None:
    read = read_report(
        b"From: Smith, John <john@example.org>\nSubject: Automatic reply: Hello\n\nI am away.\n"
    )

    assert read is not None
    assert [one.address for one in read.recipients] == ["john@example.org"]
