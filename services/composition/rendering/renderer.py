"""Renders the final octets of a mail, once at Send."""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TypeAlias

from services.composition.rendering.attachment_parts import attachment_fields
from services.composition.rendering.bodies import encode_body
from services.composition.rendering.header_fields import Field, UnsendableMailError, block
from services.composition.rendering.headers import mail_fields, wire_address, wire_host
from services.composition.rendering.own_pictures import with_own_pictures
from shared.domain.interaction import Address, Attachment, Email


def new_message_id(interaction_id: str, sender: Address) -> str:
    """Return a new Message-ID at the sender's domain (RFC 5322 section 3.6.4)."""
    domain = wire_host(sender.address.rpartition("@")[2])
    return f"<{secrets.token_hex(8)}.{interaction_id}@{domain}>"


def recipients_of(mail: Email) -> tuple[str, ...]:
    """Return the envelope recipients, once each: To, Cc and Bcc."""
    return tuple(
        dict.fromkeys(wire_address(one.address) for one in (*mail.to, *mail.cc, *mail.bcc))
    )


Piece: TypeAlias = bytes | Attachment
"""Octets of a mail, or a file whose base64 octets belong at this place."""


@dataclass(frozen=True, slots=True)
class Part:
    """A mail or a part of one: its headers, and the pieces of its body."""

    fields: tuple[Field, ...]
    body: tuple[Piece, ...]

    def pieces(self) -> list[Piece]:
        """Return the whole part: headers, empty line, body."""
        return [block(self.fields) + b"\r\n", *self.body]


def require_sendable(mail: Email, sent_at: datetime) -> None:
    """Check that a mail can be rendered with its files, without encoding its text.

    Raises:
        UnsendableMailError: There is no sender or no recipient, or something cannot be written.
    """
    with _refusing_lone_surrogates():
        block(_fields(mail, sent_at))
        for one in mail.attachments:
            block(attachment_fields(one, inline=False))
        for text in (mail.text, mail.html):
            text.encode()


def render(mail: Email, sent_at: datetime) -> bytes:
    """Return the octets of a mail without files, with CRLF line ends.

    Raises:
        UnsendableMailError: There is no sender or no recipient, or something cannot be written.
    """
    octets = [piece for piece in layout(mail, sent_at) if isinstance(piece, bytes)]
    return b"".join(octets)


def layout(
    mail: Email,
    sent_at: datetime,
    *,
    attached: Sequence[Attachment] = (),
    shown: Sequence[Attachment] = (),
) -> list[Piece]:
    """Return the whole mail in pieces, with CRLF line ends and without Bcc.

    `attached` are files beside the text, `shown` are images that the HTML refers to. The same
    mail gives the same octets each time.

    Raises:
        UnsendableMailError: There is no sender or no recipient, or something cannot be written.
    """
    with _refusing_lone_surrogates():
        fields = _fields(mail, sent_at)
        content = _content_part(mail, shown)
        if attached:
            files = [_file_part(one, inline=False) for one in attached]
            content = _multipart("mixed", mail, [content, *files])
        return Part((*fields, *content.fields), content.body).pieces()


@contextmanager
def _refusing_lone_surrogates() -> Iterator[None]:
    try:
        yield
    except UnicodeEncodeError as error:
        raise UnsendableMailError(
            "the mail holds an incomplete character: type it again"
        ) from error


def _fields(mail: Email, sent_at: datetime) -> list[Field]:
    if mail.sender is None or not recipients_of(mail):
        raise UnsendableMailError("a mail needs a sender and at least one recipient")
    return mail_fields(mail, mail.sender, sent_at)


def _content_part(mail: Email, shown: Sequence[Attachment]) -> Part:
    text = _text_part(mail.text, "plain")
    if not mail.html:
        return text
    page = _text_part(with_own_pictures(mail.html), "html")
    if shown:
        images = [_file_part(one, inline=True) for one in shown]
        page = _multipart("related", mail, [page, *images], 'type="text/html"')
    return _multipart("alternative", mail, [text, page])


def _text_part(text: str, subtype: str) -> Part:
    body = encode_body(text)
    fields = (
        Field("Content-Type", (f'text/{subtype}; charset="utf-8"',)),
        Field("Content-Transfer-Encoding", (body.encoding,)),
    )
    return Part(fields, (body.octets,))


def _file_part(attachment: Attachment, *, inline: bool) -> Part:
    return Part(tuple(attachment_fields(attachment, inline=inline)), (attachment,))


def _multipart(subtype: str, mail: Email, parts: Sequence[Part], *parameters: str) -> Part:
    """Join parts (RFC 2046). The boundary starts with `=_`, which no encoded part contains."""
    digest = sha256(f"{subtype}{mail.message_id}".encode()).hexdigest()[:40]
    boundary = f"=_{digest}"
    kind, *others = f"multipart/{subtype}", f'boundary="{boundary}"', *parameters
    lines = (*(f"{one};" for one in (kind, *others[:-1])), others[-1])
    between = f"\r\n--{boundary}\r\n".encode()
    body = [piece for part in parts for piece in (between, *part.pieces())]
    end = f"\r\n--{boundary}--\r\n".encode()
    return Part((Field("Content-Type", lines),), (*body, end))
