"""Which mails are acknowledged: a person's first mail to us, and nothing else (RFC 3834)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.contracts.acknowledgement import Acknowledgement
from shared.contracts.contact_center import ContactCenter, Mailbox, Queue
from shared.domain.mail_envelope import Way
from shared.mail.parsing.parser import parse_mail
from shared.screening.acknowledgements import reason_against
from shared.screening.mail_texts import MailTexts
from shared.screening.rules import ScreenedMail, Screening

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
BOX = Mailbox(
    address="support@demo.example",
    queue="support",
    aliases=("help@demo.example",),
    acknowledgement=Acknowledgement(text="Thank you"),
)
CENTER = ContactCenter(name="demo", queues=(Queue(name="support"),), mailboxes=(BOX,))
ANN = "ann@example.org"
TO_US = "To: <help+x@demo.example>"


def against(
    *headers: str,
    sender: str = ANN,
    from_: str = ANN,
    to: str = TO_US,
    subject: str = "Hi",
    screening: Screening | None = None,
    authenticated: bool | None = None,
    begins_thread: bool = True,
    way: Way = Way.SMTP,
) -> str | None:
    raw = "\r\n".join(
        (f"From: {from_}", to, f"Subject: {subject}", *headers, "", "Hello", "")
    ).encode()
    mail = parse_mail(raw, envelope_sender=sender)
    return reason_against(
        ScreenedMail(MailTexts(mail, raw), BOX.address, authenticated, way=way),
        screening or Screening(),
        sender=sender,
        mailbox=BOX,
        center=CENTER,
        begins_thread=begins_thread,
        now=NOW,
    )


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"from_": "Ann <ANN@Example.org>"},
        {"sender": "ann+tag@example.org"},
        {"to": "Cc: Support <support@demo.example>"},
        {"authenticated": True},
    ],
)
def test_mail_of_a_person_is_acknowledged(fields: dict[str, Any]) -> None:
    assert against(**fields) is None
    assert against("Auto-Submitted: no", "Date: Mon, 30 Nov 2026 09:00:00 +0000", **fields) is None


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-generated",
        "Auto-Submitted: auto-replied (vacation)",
        "X-Auto-Response-Suppress: All",
        "Precedence: bulk",
        "Precedence: list",
        "List-Id: <news.example.org>",
        "List-Unsubscribe: <https://example.org/u>",
        "X-Loop: yes",
        "X-Autoreply: yes",
        "X-Mailroom-Loop: support@other.example",
        "Content-Type: multipart/report; boundary=b",
        "Return-Path: <>",
        "Date: Sat, 28 Nov 2026 09:00:00 +0000",
    ],
)
def test_single_mark_of_a_machine_is_enough(header: str) -> None:
    assert against(header, sender="" if "<>" in header else ANN) is not None


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"sender": ""}, "null sender"),
        ({"sender": "<>"}, "null sender"),
        ({"from_": "MAILER-DAEMON@example.org", "sender": "MAILER-DAEMON@example.org"}, "machine"),
        ({"from_": "owner-news@x.example", "sender": "owner-news@x.example"}, "no person's"),
        ({"from_": "news-request@x.example", "sender": "news-request@x.example"}, "no person's"),
        ({"sender": "bounces+17=a@x.example"}, "no person's"),
        ({"from_": BOX.address, "sender": BOX.address}, "address of ours"),
        ({"sender": "eve@example.org"}, "another sender than From"),
        ({"from_": ""}, "another sender than From"),
        ({"to": "To: undisclosed-recipients:;"}, "neither in To nor in Cc"),
        ({"subject": "Automatic reply: Hi"}, "report"),
        ({"begins_thread": False}, "conversation"),
        ({"authenticated": False}, "forged"),
        ({"screening": Screening(acknowledges=False)}, "rule"),
        ({"screening": Screening(discard="spam")}, "rule"),
    ],
)
def test_each_other_fence_holds_alone(fields: dict[str, Any], words: str) -> None:
    assert words in (against(**fields) or "")


def test_days_are_counted_from_the_arrival() -> None:
    written = NOW - timedelta(hours=23)

    assert against(f"Date: {written:%a, %d %b %Y %H:%M:%S} +0000") is None


@pytest.mark.parametrize("date", ["", "Date: the other day"])
@pytest.mark.parametrize(
    ("way", "words"),
    [
        (Way.SMTP, None),
        (Way.LMTP, None),
        (Way.IMAP, "it does not say when it was written, and may be old"),
        (Way.HTTP, "it does not say when it was written, and may be old"),
    ],
)
def test_undated_mail_of_a_store_is_not_acknowledged(
    way: Way, words: str | None, date: str
) -> None:
    headers = [date] if date else []

    assert against(*headers, way=way) == words
    assert against("Date: Mon, 30 Nov 2026 09:00:00 +0000", way=way) is None
