"""Message ids, and the recognition of repeated arrivals."""

import pytest

from shared.mail.parsing.identity import body_hash, duplicate_key
from shared.mail.parsing.parser import parse_mail
from tests.unit.mail.mails import mail


@pytest.mark.parametrize(
    ("line", "message_id"),
    [
        (b"Message-ID: <a@x.example>", "<a@x.example>"),
        (b"Message-Id:\r\n <a@x.example>", "<a@x.example>"),
        (b"MESSAGE-ID: a@x.example", "<a@x.example>"),
        (b"Message-ID: < a @ x.example >", "<a@x.example>"),
        (b"Message-ID: <no-at-sign>", "<no-at-sign>"),
        (b"Message-ID: bare", "<bare>"),
    ],
)
def test_a_message_id_is_read_in_every_form(line: bytes, message_id: str) -> None:
    assert parse_mail(mail(line + b"\r\n")).message_id == message_id


def test_a_mail_without_an_id_gets_the_same_one_every_time() -> None:
    raw, other = mail(b"Subject: x\r\n"), mail(b"Subject: y\r\n")

    assert parse_mail(raw).message_id == parse_mail(raw).message_id
    assert parse_mail(raw).message_id != parse_mail(other).message_id
    assert parse_mail(raw).message_id.endswith("@derived.invalid>")


def test_the_same_mail_by_another_way_is_a_duplicate() -> None:
    first = body_hash(mail(b"Received: from a\r\nMessage-ID: <a@x>\r\n"))
    again = body_hash(mail(b"Received: from b\r\nMessage-ID: <a@x>\r\n"))

    assert duplicate_key("Box@x.example", "<a@x>", first) == duplicate_key(
        "box@x.example", "<a@x>", again
    )


@pytest.mark.parametrize(
    ("mailbox", "message_id", "body"),
    [
        ("other@x.example", "<a@x>", b"Hello\r\n"),
        ("box@x.example", "<b@x>", b"Hello\r\n"),
        ("box@x.example", "<a@x>", b"Other\r\n"),
    ],
)
def test_another_mailbox_id_or_body_is_another_mail(
    mailbox: str, message_id: str, body: bytes
) -> None:
    known = duplicate_key("box@x.example", "<a@x>", body_hash(mail(b"")))

    assert duplicate_key(mailbox, message_id, body_hash(mail(b"", body))) != known
