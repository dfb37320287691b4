"""The final octets of a mail: made once, at Send, and never changed."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from email import policy
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage, MIMEPart
from email.utils import format_datetime
from hashlib import sha256
from typing import TypeAlias

import idna

from services.composition.enclosing import part_headers
from shared.domain.errors import Refused
from shared.domain.interaction import Address, Attachment, Email


class UnsendableMailError(Refused):
    """The mail lacks something without which it cannot be sent, or holds what no mail may."""


def new_message_id(interaction_id: str, sender: Address) -> str:
    """Return a Message-ID of our own domain (RFC 5322 section 3.6.4)."""
    domain = _host(sender.address.rpartition("@")[2])
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
        UnsendableMailError: There is no sender or no recipient, or a header cannot be written.
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
        UnsendableMailError: There is no sender or no recipient, or a header cannot be written.
    """
    if mail.sender is None or not recipients_of(mail):
        raise UnsendableMailError("a mail needs a sender and at least one recipient")
    message = EmailMessage(policy=policy.SMTP)
    try:
        _write_headers(message, mail, mail.sender, sent_at)
    except (ValueError, IndexError) as error:
        raise UnsendableMailError(f"a header cannot be written: {error}") from error
    headers = message.as_bytes().removesuffix(b"\r\n") + b"MIME-Version: 1.0\r\n"
    body = _body(mail, shown)
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


def _write_headers(message: EmailMessage, mail: Email, sender: Address, sent_at: datetime) -> None:
    message["From"] = _header(sender)
    message["To"] = [_header(one) for one in mail.to]
    if mail.cc:
        message["Cc"] = [_header(one) for one in mail.cc]
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(sent_at)
    message["Message-ID"] = mail.message_id
    if mail.in_reply_to:
        message["In-Reply-To"] = mail.in_reply_to
    if mail.references:
        message["References"] = " ".join(mail.references)


def _header(address: Address) -> HeaderAddress:
    return HeaderAddress(address.personal, addr_spec=wire_address(address.address))


def wire_address(address: str) -> str:
    """Return an address with its domain in the form that every server takes (RFC 5891)."""
    local, _, host = address.rpartition("@")
    return f"{local}@{_host(host)}"


def _host(host: str) -> str:
    if host.isascii():
        return host
    try:
        return idna.encode(host, uts46=True).decode()
    except idna.IDNAError as error:
        raise UnsendableMailError(f"{host} is no domain name") from error
