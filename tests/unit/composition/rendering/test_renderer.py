"""The octets that are sent."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.composition.rendering.header_fields import UnsendableMailError
from services.composition.rendering.renderer import (
    layout,
    new_message_id,
    recipients_of,
    render,
    require_sendable,
)
from shared.domain.interaction import Address, Attachment, Email

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MAIL = Email(
    subject="Re: Invoice 17",
    sender=Address("support@demo.example", "Demo Support"),
    to=(Address("ann@example.org", "Ann Ångström"),),
    cc=(Address("cy@example.org"),),
    bcc=(Address("secret@example.org"),),
    text="Grüße\n> Hello",
    message_id="<reply@demo.example>",
    in_reply_to="<1@example.org>",
    references=("<0@example.org>", "<1@example.org>"),
)


def read(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=policy.default)


def test_headers_hold_sender_subject_and_thread() -> None:
    message = read(render(MAIL, AT))

    assert message["From"] == "Demo Support <support@demo.example>"
    assert message["To"].addresses[0].display_name == "Ann Ångström"
    assert message["Cc"] == "cy@example.org"
    assert message["Subject"] == "Re: Invoice 17"
    assert message["Message-ID"] == "<reply@demo.example>"
    assert message["In-Reply-To"] == "<1@example.org>"
    assert message["References"] == "<0@example.org> <1@example.org>"
    assert message["Date"].datetime == AT


def test_blind_copies_are_in_the_envelope_and_nowhere_in_the_mail() -> None:
    assert recipients_of(MAIL) == ("ann@example.org", "cy@example.org", "secret@example.org")
    assert b"secret" not in render(MAIL, AT)


def test_the_text_arrives_as_it_was_written() -> None:
    text = read(render(MAIL, AT)).get_content()

    assert text.splitlines() == ["Grüße", "> Hello"]


def test_html_travels_beside_the_text() -> None:
    message = read(render(changed(html="<p>Grüße</p>"), AT))

    kinds = [part.get_content_type() for part in message.walk()]
    assert kinds == ["multipart/alternative", "text/plain", "text/html"]


def test_lines_end_as_smtp_wants_and_none_is_too_long() -> None:
    raw = render(changed(text="x" * 5000), AT)

    assert raw.count(b"\n") == raw.count(b"\r\n")
    assert max(map(len, raw.split(b"\r\n"))) <= 998


def test_a_domain_beyond_ascii_is_written_as_servers_take_it() -> None:
    mail = changed(to=(Address("ann@bücher.example"),))

    assert recipients_of(mail)[0] == "ann@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "broken",
    [
        {"sender": None},
        {"to": (), "cc": (), "bcc": ()},
        {"subject": "a\r\nBcc: everybody@example.org"},
        {"to": (Address("ann@example.org\r\nX: y"),)},
        {"to": (Address("ann@example.org", "Ann\r\nX: y"),)},
        {"to": (Address("MAILER-DAEMON"),)},
        {"to": (Address("\ud800@example.org"),)},
        {"to": (Address("ann@\ud800.example"),)},
        {"to": (Address("ann@example.org", "Ann \ud800"),)},
        {"subject": "\r"},
        {"subject": "half \ud800"},
        {"text": "half \ud800"},
        {"html": "<p>half \udc80</p>"},
    ],
)
def test_header_with_forbidden_octets_is_refused(broken: dict[str, object]) -> None:
    for step in (require_sendable, render):
        with pytest.raises(UnsendableMailError):
            step(changed(**broken), AT)


ANY_TEXT = st.one_of(st.just("Hello"), st.text(), st.text("a\r\0\ud800", max_size=3))


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT, ANY_TEXT, ANY_TEXT)
def test_a_mail_is_sendable_exactly_where_it_can_be_laid_out(
    subject: str, personal: str, text: str, html: str, name: str
) -> None:
    to = (Address("ann@example.org", personal),)
    file = Attachment("1", name, 3, "application/pdf")
    mail = changed(subject=subject, to=to, text=text, html=html, attachments=(file,))

    assert _passes(lambda: require_sendable(mail, AT)) == _passes(
        lambda: layout(mail, AT, attached=mail.attachments)
    )


def _passes(step: Callable[[], object]) -> bool:
    try:
        step()
    except UnsendableMailError:
        return False
    return True


@given(st.text(), st.text(), st.text())
def test_no_subject_name_or_body_adds_a_header(subject: str, name: str, text: str) -> None:
    mail = changed(subject=subject, sender=Address("support@demo.example", name), text=text)

    try:
        message = read(render(mail, AT))
    except UnsendableMailError:
        return

    assert sorted({name.lower() for name in message.keys()}) == [  # noqa: SIM118 - not a mapping
        "cc",
        "content-transfer-encoding",
        "content-type",
        "date",
        "from",
        "in-reply-to",
        "message-id",
        "mime-version",
        "references",
        "subject",
        "to",
    ]


def test_message_ids_are_ours_and_differ() -> None:
    sender = Address("support@bücher.example")

    first, second = (new_message_id("00009A8T8Y130124", sender) for _ in range(2))

    assert first != second
    assert first.endswith(".00009A8T8Y130124@xn--bcher-kva.example>")


def changed(**fields: Any) -> Email:
    return replace(MAIL, **fields)


def test_a_picture_of_the_author_is_sent_with_its_address() -> None:
    message = read(render(changed(html='<img src="blocked:https://us.example/a.png">'), AT))

    *_, page = message.walk()
    assert page.get_content().strip() == '<img src="https://us.example/a.png">'
