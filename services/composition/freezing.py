"""The final octets of a mail: made once, at Send, and never changed."""

import secrets
from datetime import datetime
from email import policy
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.utils import format_datetime

import idna

from shared.domain.errors import Refused
from shared.domain.interaction import Address, Email


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


def freeze(mail: Email, sent_at: datetime) -> bytes:
    """Return the mail as it goes over the wire, with CRLF line ends. Bcc is not among the headers.

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
    message.set_content(mail.text, cte="quoted-printable")
    if mail.html:
        message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    return message.as_bytes()


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
