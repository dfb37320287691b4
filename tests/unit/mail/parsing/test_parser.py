"""Parsing of whole mails."""

from datetime import UTC, datetime

import pytest

from services.ingest.parser.parsed_mail_json import dump, load
from shared.domain.interaction import Address
from shared.mail.limits import Limits
from shared.mail.parsed_mail import AttachmentPart, ParsedMail
from shared.mail.parsing.parser import parse_mail
from shared.mail.warnings import WARNINGS
from tests.unit.mail.mails import file_part, mail, multipart, part, whole

LETTER = (
    b"Return-Path: <ann@client.example>\r\n"
    b"Date: Tue, 3 Mar 2026 10:15:00 +0100\r\n"
    b"Message-ID: <1@client.example>\r\n"
    b"In-Reply-To: <0@demo.example>\r\n"
    b"References: <00@demo.example> <0@demo.example>\r\n"
    b"From: =?utf-8?q?Ann_M=C3=BCller?= <ann@client.example>\r\n"
    b"Reply-To: office@client.example\r\n"
    b'To: "Support, Demo" <support@demo.example>\r\n'
    b"Cc: bob@client.example\r\n"
    b"Subject: =?utf-8?q?Angebot_f=C3=BCr?=\r\n =?utf-8?q?_M=C3=A4rz?=\r\n"
    b"MIME-Version: 1.0\r\n"
) + multipart(
    b"mixed", part(b"text/plain; charset=utf-8", "Grüße".encode()), file_part(b"a.pdf", b"%PDF")
)


def test_every_part_of_a_letter_is_read() -> None:
    assert parse_mail(LETTER) == ParsedMail(
        message_id="<1@client.example>",
        in_reply_to=("<0@demo.example>",),
        references=("<00@demo.example>", "<0@demo.example>"),
        subject="Angebot für März",
        from_=(Address("ann@client.example", "Ann Müller"),),
        reply_to=(Address("office@client.example"),),
        to=(Address("support@demo.example", "Support, Demo"),),
        cc=(Address("bob@client.example"),),
        sent_at=datetime(2026, 3, 3, 9, 15, tzinfo=UTC),
        text="Grüße",
        html=None,
        attachments=(AttachmentPart(1, "a.pdf", "application/pdf", 4),),
        headers={
            "Content-Type": 'multipart/mixed; boundary="edge"',
            "Date": "Tue, 3 Mar 2026 10:15:00 +0100",
            "MIME-Version": "1.0",
            "Message-ID": "<1@client.example>",
            "Return-Path": "<ann@client.example>",
        },
        automatic=None,
        warnings=(),
    )


REPORT = (
    b"From: MAILER-DAEMON@x.example\r\nContent-Type: message/delivery-status\r\n\r\n"
    b"Final-Recipient: rfc822; a@x.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
)


@pytest.mark.parametrize(
    "raw", [LETTER, REPORT, b"", mail(b"Auto-Submitted: x\r\n"), whole(b"\xff\x00")]
)
def test_parsed_mail_survives_the_pipe(raw: bytes) -> None:
    parsed = parse_mail(raw)

    assert load(dump(parsed)) == parsed


@pytest.mark.parametrize(
    ("date", "instant"),
    [
        (b"Tue, 3 Mar 2026 10:15:00 +0100", datetime(2026, 3, 3, 9, 15, tzinfo=UTC)),
        (b"3 Mar 2026 10:15 GMT", datetime(2026, 3, 3, 10, 15, tzinfo=UTC)),
        (b"Tue, 3 Mar 26 10:15:00 EST", datetime(2026, 3, 3, 15, 15, tzinfo=UTC)),
        (b"Tue, 3 Mar 2026 10:15:00 (no zone)", datetime(2026, 3, 3, 10, 15, tzinfo=UTC)),
        (b"Tue, 99 Mar 2026 10:15:00 +0100", None),
        (b"31 Dec 9999 23:59:59 -0100", None),
        (b"soon", None),
        (b"\xff", None),
        (b"", None),
    ],
)
def test_a_date_is_an_instant_or_unknown(date: bytes, instant: datetime | None) -> None:
    assert parse_mail(mail(b"Date: " + date + b"\r\n")).sent_at == instant


@pytest.mark.parametrize(
    "headers",
    [
        b"From: a@x.example\r\nFrom: b@x.example\r\n",
        b"From: \r\nReply-To: a@x.example\r\n",
        b"Sender: a@x.example\r\nReturn-Path: <b@x.example>\r\n",
        b"From: <>\r\nSender: <>\r\nReturn-Path: <a@x.example>\r\n",
        b"From: root, a@x.example\r\n",
        b"From: @\r\nSender: a@\r\nReturn-Path: <a@x.example>\r\n",
    ],
)
def test_the_sender_is_found_where_from_is_missing_or_repeated(headers: bytes) -> None:
    assert parse_mail(headers + b"\r\nx").from_ == (Address("a@x.example"),)


def test_raw_octets_in_the_subject_share_the_charset_of_the_body() -> None:
    raw = mail(
        b"Content-Type: text/plain; charset=big5\r\nSubject: " + "大家好".encode("big5") + b"\r\n"
    )

    assert parse_mail(raw).subject == "大家好"


@pytest.mark.parametrize(
    ("kind", "mark"),
    [
        (b"application/ms-tnef", "tnef"),
        (b"application/pkcs7-mime; smime-type=signed-data", "smime"),
        (b"application/pgp-encrypted", "encrypted"),
        (b"application/pgp-signature", "signed"),
        (b"message/partial", "partial"),
        (b"message/external-body", "external-body"),
    ],
)
def test_part_that_cannot_be_shown_is_marked_and_kept(kind: bytes, mark: str) -> None:
    parsed = parse_mail(whole(multipart(b"mixed", part(kind, b"x"))))

    assert mark in WARNINGS
    assert mark in parsed.warnings
    assert parsed.attachments[0].size == 1


@pytest.mark.parametrize(
    "headers",
    [
        b'From: "Shop" <>\r\nReply-To: <a@x.example>\r\nReturn-Path: <b@x.example>\r\n',
        b"From: Shop <>\r\nReturn-Path: <a@x.example>\r\n",
        b"From: Shop\r\nReturn-Path: <a@x.example>\r\n",
        b"From: =?utf-8?q?Shop?=\r\nReply-To: Orders <a@x.example>\r\n",
    ],
)
def test_a_sender_without_an_address_lends_its_name(headers: bytes) -> None:
    assert parse_mail(headers + b"\r\nx").from_ == (Address("a@x.example", "Shop"),)


def test_a_daemon_without_a_host_keeps_its_name() -> None:
    raw = b"From: MAILER-DAEMON\r\nReturn-Path: <>\r\n\r\nx"

    assert parse_mail(raw).from_ == (Address("MAILER-DAEMON"),)


def test_raw_subject_octets_share_the_charset_of_encoded_words() -> None:
    raw = (
        b"From: =?gb2312?B?suLK1A==?= <a@x.example>\r\nSubject: \xc4\xe3\xba\xc3\r\n"
        b"Content-Type: text/plain; charset=iso-8859-1\r\n\r\nx"
    )

    assert parse_mail(raw).subject == "你好"


def test_addresses_above_the_limit_are_left_out_and_said_to_be() -> None:
    read = parse_mail(mail(b"To: a@x, b@x, c@x\r\n"), limits=Limits(addresses=2))

    assert [one.address for one in read.to] == ["a@x", "b@x"]
    assert read.warnings == ("header-cut",)


def test_a_subject_of_too_many_words_is_cut_and_said_to_be() -> None:
    read = parse_mail(mail(b"Subject:" + b" =?utf-8?q?=C3=BC?=\r\n" * 150))

    assert (read.subject, read.text) == ("ü" * 100, "Hello")
    assert read.warnings == ("header-cut",)


def test_text_too_long_is_cut_and_the_mail_attached() -> None:
    raw = mail(b"Content-Type: text/plain\r\n", b"word " * 100)

    read = parse_mail(raw, limits=Limits(shown_characters=100))

    assert read.text.startswith("word " * 20)
    assert len(read.text) < 200
    assert read.attachments == (AttachmentPart(-1, "mail.eml", "message/rfc822", len(raw)),)
    assert "words-too-long" in read.warnings


def test_html_too_long_is_left_out_and_the_mail_attached_last() -> None:
    html = part(b"text/html", b"<p>" + b"word " * 100 + b"</p>")
    raw = multipart(b"mixed", html, file_part(b"a.pdf", b"%PDF"))

    read = parse_mail(raw, limits=Limits(shown_characters=400))

    assert (read.html, read.text[:9]) == (None, "word word")
    assert [one.name for one in read.attachments] == ["a.pdf", "mail.eml"]
