"""Files in the mail that is sent."""

import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.composition.pending_uploads import with_pending_uploads
from services.composition.rendering.attachment_parts import base64_lines
from services.composition.rendering.renderer import layout
from services.composition.submission import place_attachments
from shared.domain.interaction import Address, Attachment, Email
from shared.mail.content_ids import referred_ids
from shared.mail.draft_attachments import AttachmentLimits, TooMuchAttachedError
from shared.mail.file_names import clean_name
from shared.storage.files.document_store import StoredDocument
from shared.storage.files.vault import ContentRef
from shared.storage.upload_store import AwaitedEvent, Pending

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MAIL = Email(
    subject="Re: Invoice 17",
    sender=Address("support@demo.example"),
    to=(Address("ann@example.org"),),
    text="See below.",
    message_id="<reply@demo.example>",
)
PDF = Attachment("1", "invoice.pdf", 3, "application/pdf")
LOGO = Attachment("2", "logo.png", 3, "image/png", "logo@here")
ROOM = AttachmentLimits(100, 3)


async def pieces(*several: bytes) -> AsyncIterator[bytes]:
    for one in several:
        yield one


async def encoded(*several: bytes) -> bytes:
    return b"".join([lines async for lines in base64_lines(pieces(*several))])


def frozen(mail: Email, **files: Any) -> EmailMessage:
    octets = [
        one if isinstance(one, bytes) else base64.b64encode(f"octets of {one.id}".encode())
        for one in layout(mail, AT, **files)
    ]
    return message_from_bytes(b"".join(octets), policy=policy.default)


def kinds(message: EmailMessage) -> list[str]:
    return [part.get_content_type() for part in message.walk()]


def test_files_travel_beside_the_text() -> None:
    message = frozen(MAIL, attached=[PDF, LOGO])

    assert kinds(message) == ["multipart/mixed", "text/plain", "application/pdf", "image/png"]
    assert message["MIME-Version"] == "1.0"
    pdf, logo = message.iter_attachments()
    assert (pdf.get_filename(), pdf.get_content_disposition()) == ("invoice.pdf", "attachment")
    assert (pdf.get_content(), logo.get_content()) == (b"octets of 1", b"octets of 2")
    assert message.defects == []


def test_images_of_the_page_travel_with_it_under_their_content_id() -> None:
    mail = replace(MAIL, html='<img src="cid:logo@here">')

    message = frozen(mail, attached=[PDF], shown=[LOGO])

    assert kinds(message) == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "application/pdf",
    ]
    image = list(message.walk())[5]
    assert image["Content-ID"] == "<logo@here>"
    assert image.get_content_disposition() == "inline"


def test_a_page_with_images_and_no_other_file_is_not_mixed() -> None:
    message = frozen(replace(MAIL, html='<img src="cid:logo@here">'), shown=[LOGO])

    assert kinds(message)[0] == "multipart/alternative"


def test_the_same_mail_has_the_same_octets() -> None:
    mail = replace(MAIL, html="<p>x</p>")

    assert layout(mail, AT, attached=[PDF]) == layout(mail, AT, attached=[PDF])


@pytest.mark.parametrize("media_type", ["message/rfc822", "multipart/mixed", "Message/Partial"])
def test_type_without_base64_is_sent_as_octet_stream(media_type: str) -> None:
    mail = Attachment("1", "original.eml", 3, media_type)

    (part,) = frozen(MAIL, attached=[mail]).iter_attachments()

    assert part.get_content_type() == "application/octet-stream"
    assert part.get_filename() == "original.eml"


@pytest.mark.parametrize(
    "name",
    [
        "Rechnung März.pdf",
        "請求書 " * 20 + ".pdf",
        "a'b;c=d,e.pdf",
        "percent%20sign.pdf",
        "x" * 146 + ".pdf",
    ],
)
def test_every_name_arrives(name: str) -> None:
    octets = layout(MAIL, AT, attached=[replace(PDF, name=name)])

    (part,) = frozen(MAIL, attached=[replace(PDF, name=name)]).iter_attachments()
    assert part.get_filename() == name
    assert all(one.isascii() for one in octets if isinstance(one, bytes))


@given(st.text(max_size=200), st.text(max_size=80))
def test_no_name_and_no_content_id_adds_a_header(name: str, content_id: str) -> None:
    file = replace(PDF, name=clean_name(name) or "x", content_id=content_id)

    (part,) = frozen(MAIL, attached=[file]).iter_attachments()

    assert {one.lower() for one in part.keys()} - {"content-id"} == {  # noqa: SIM118 - no mapping
        "content-type",
        "content-transfer-encoding",
        "content-disposition",
    }


async def test_lines_are_as_long_as_mail_allows() -> None:
    lines = (await encoded(bytes(1000))).split(b"\r\n")

    assert {len(line) for line in lines[:-2]} == {76}
    assert lines[-1] == b""


@given(st.lists(st.binary(max_size=200), max_size=5))
async def test_it_does_not_matter_how_a_file_is_cut(several: list[bytes]) -> None:
    assert await encoded(*several) == await encoded(b"".join(several))
    assert base64.b64decode(await encoded(*several)) == b"".join(several)


def test_shown_file_of_the_draft_precedes_that_of_the_original() -> None:
    mail = replace(
        MAIL,
        html='<img src="cid:logo@here"><img src="cid:chart%40here"><img src="cid:gone">',
        attachments=(PDF, LOGO),
    )
    chart = Attachment("3", "chart.png", 3, "image/png", "chart@here")
    original = (replace(LOGO, id="4"), chart, Attachment("5", "other.pdf", 3, "application/pdf"))

    files = place_attachments(mail, original)

    assert files.shown == (LOGO, chart)
    assert files.attached == (PDF,)


def test_without_a_page_an_image_is_a_file_like_others() -> None:
    files = place_attachments(replace(MAIL, attachments=(LOGO,)), ())

    assert (files.attached, files.shown) == ((LOGO,), ())


def test_content_ids_are_read_as_html_writes_them() -> None:
    html = """<img src="CID:a&amp;b"><img src='cid:c%20d'><p>acid:rain</p>"""

    assert referred_ids(html) == {"a&b", "c d"}


def pending(attachment: Attachment, awaits: AwaitedEvent = AwaitedEvent.LINK) -> Pending:
    ref = ContentRef("0" * 64, attachment.size)
    document = StoredDocument(
        attachment.id, "D", attachment.name, attachment.media_type, ref, AT, attachment.content_id
    )
    return Pending(document, awaits)


def test_a_file_on_its_way_is_in_the_mail_once() -> None:
    mail = with_pending_uploads(MAIL, [pending(PDF)], ROOM)

    assert mail.attachments == (PDF,)
    assert with_pending_uploads(mail, [pending(PDF)], ROOM) == mail


def test_a_file_on_its_way_off_is_not_in_the_mail() -> None:
    mail = replace(MAIL, attachments=(PDF, LOGO))

    assert with_pending_uploads(mail, [pending(PDF, AwaitedEvent.REMOVAL)], ROOM).attachments == (
        LOGO,
    )


def test_two_files_of_one_name_are_told_apart() -> None:
    mail = replace(MAIL, attachments=(PDF,))

    names = [
        one.name
        for one in with_pending_uploads(mail, [pending(replace(PDF, id="9"))], ROOM).attachments
    ]

    assert names == ["invoice.pdf", "invoice (2).pdf"]


@pytest.mark.parametrize("room", [AttachmentLimits(5, 3), AttachmentLimits(100, 1)])
def test_a_mail_has_only_so_much_room(room: AttachmentLimits) -> None:
    with pytest.raises(TooMuchAttachedError):
        with_pending_uploads(replace(MAIL, attachments=(LOGO,)), [pending(PDF)], room)
