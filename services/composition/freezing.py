"""The final octets of a mail: made once, at Send, and never changed."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from email import policy
from email.message import MIMEPart
from hashlib import sha256
from typing import TypeAlias

from services.composition.enclosing import part_headers
from services.composition.headers import (
    UnsendableMailError,
    header_block,
    wire_address,
    wire_host,
)
from shared.domain.interaction import Address, Attachment, Email


def new_message_id(interaction_id: str, sender: Address) -> str:
    """Return a Message-ID of our own domain (RFC 5322 section 3.6.4)."""
    domain = wire_host(sender.address.rpartition("@")[2])
    return f"<{secrets.token_hex(8)}.{interaction_id}@{domain}>"


def recipients_of(mail: Email) -> tuple[str, ...]:
    """Return the envelope recipients, once each: To, Cc and Bcc."""
    return tuple(
        dict.fromkeys(wire_address(one.address) for one in (*mail.to, *mail.cc, *mail.bcc))
    )


Piece: TypeAlias = bytes | Attachment
"""Octets of a frozen mail, or the file whose octets come in their place."""


def freeze(mail: Email, sent_at: datetime) -> bytes:
    """Return a mail without files as it goes over the wire, with CRLF line ends.

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
    """Return the whole mail in pieces, with CRLF line ends. Bcc is not among the headers.

    `attached` are files beside the text, `shown` images that the HTML refers to. The same mail
    has the same octets each time.

    Raises:
        UnsendableMailError: There is no sender or no recipient, or something cannot be written.
    """
    if mail.sender is None or not recipients_of(mail):
        raise UnsendableMailError("a mail needs a sender and at least one recipient")
    try:
        headers = header_block(mail, mail.sender, sent_at)
        body = _body(mail, shown)
    except UnicodeEncodeError as error:
        raise UnsendableMailError("the mail holds half a character") from error
    except ValueError as error:
        raise UnsendableMailError(f"a header cannot be written: {error}") from error
    if attached:
        files = [_file(one, inline=False) for one in attached]
        body = _multipart("mixed", mail, [body, *files])
    return [headers, *body]


def _body(mail: Email, shown: Sequence[Attachment]) -> list[Piece]:
    text = _leaf(mail.text, "plain")
    if not mail.html:
        return text
    page = _leaf(mail.html, "html")
    if shown:
        images = [_file(one, inline=True) for one in shown]
        page = _multipart("related", mail, [page, *images], b'; type="text/html"')
    return _multipart("alternative", mail, [text, page])


def _leaf(text: str, subtype: str) -> list[Piece]:
    part = MIMEPart(policy=policy.SMTP)
    part.set_content(text, subtype=subtype, cte="quoted-printable")
    return [part.as_bytes()]


def _file(attachment: Attachment, *, inline: bool) -> list[Piece]:
    return [part_headers(attachment, inline=inline), attachment]


def _multipart(
    subtype: str, mail: Email, parts: Sequence[list[Piece]], parameters: bytes = b""
) -> list[Piece]:
    """Join parts (RFC 2046). Neither base64 nor quoted-printable ever contains `=_`."""
    kind = subtype.encode()
    boundary = b"=_" + sha256(kind + mail.message_id.encode()).hexdigest()[:40].encode()
    pieces: list[Piece] = [
        b'Content-Type: multipart/%s; boundary="%s"%s\r\n' % (kind, boundary, parameters)
    ]
    for part in parts:
        pieces += [b"\r\n--%s\r\n" % boundary, *part]
    return [*pieces, b"\r\n--%s--\r\n" % boundary]
