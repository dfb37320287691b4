"""Builds the header fields of an outgoing mail."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import Final

import idna

from services.composition.rendering.header_fields import (
    LONGEST_LINE,
    Field,
    UnsendableMailError,
    phrase,
    text_field,
)
from shared.domain.interaction import Address, Email
from shared.mail.thread_tokens import answer_address

_MESSAGE_ID: Final = re.compile(r"<[!-;=?-~]{1,970}>")
"""The length keeps a line with the longest header name within 998 octets."""
_ADDRESS: Final = re.compile(
    r"""
    (?: [^\x00-\x20\x7f-\xa0()<>\[\]:;@\\,"\u2028\u2029\ud800-\udfff]+
      | "(?:[ !#-\[\]-~]|\\[ -~])+" )
    @ (?: [A-Za-z0-9._-]+ | \[[0-9A-Za-z:.]+\] )
    """,
    re.VERBOSE,
)
# Local part, @ and domain at their longest (RFC 5321, 4.5.3.1).
_LONGEST_ADDRESS: Final = 320


def mail_fields(mail: Email, sender: Address, sent_at: datetime) -> list[Field]:
    """Return the header fields of a mail, MIME-Version last. Bcc is left out.

    They are ASCII unless the local part of an address is not (RFC 6532).

    Raises:
        UnsendableMailError: An address is invalid, or a name or the subject is on several lines.
    """
    answers_to = answer_address(sender, mail.thread_token)
    fields = (
        address_field("From", _mailboxes([sender])),
        address_field("Reply-To", _mailboxes([answers_to] if answers_to else [])),
        address_field("To", _mailboxes(mail.to)),
        address_field("Cc", _mailboxes(mail.cc)),
        text_field("Subject", mail.subject),
        Field("Date", (format_datetime(sent_at),)),
        Field("Message-ID", (mail.message_id,)),
        Field("In-Reply-To", tuple(_sendable_ids([mail.in_reply_to]))),
        Field("References", tuple(_sendable_ids(mail.references))),
        Field("MIME-Version", ("1.0",)),
    )
    return [one for one in fields if one.lines]


def address_field(name: str, mailboxes: Iterable[Sequence[str]]) -> Field:
    """Return a field of addresses, each given line by line."""
    lines: list[str] = []
    for mailbox in mailboxes:
        if lines:
            lines[-1] += ","
        lines += mailbox
    return Field(name, tuple(lines))


def wire_address(address: str) -> str:
    """Return an address with its domain in ASCII form (RFC 5891).

    Raises:
        UnsendableMailError: The text is no address.
    """
    local, _, host = address.rpartition("@")
    found = f"{local}@{wire_host(host)}"
    if len(found.encode(errors="replace")) > _LONGEST_ADDRESS or not _ADDRESS.fullmatch(found):
        raise UnsendableMailError("a recipient or the sender is no address")
    return found


def wire_host(host: str) -> str:
    """Return a domain name in ASCII form (RFC 5891).

    Raises:
        UnsendableMailError: The text is no domain name.
    """
    if host.isascii():
        return host
    try:
        return idna.encode(host, uts46=True).decode()
    except (idna.IDNAError, UnicodeError) as error:
        raise UnsendableMailError("an address holds what is no domain name") from error


def _sendable_ids(ids: Iterable[str]) -> Iterator[str]:
    """Yield the valid ids (RFC 5322 section 3.6.4); received mail may hold invalid ones."""
    return (one for one in ids if _MESSAGE_ID.fullmatch(one))


def _mailboxes(addresses: Iterable[Address]) -> Iterator[tuple[str, ...]]:
    return map(_mailbox, addresses)


def _mailbox(address: Address) -> tuple[str, ...]:
    wire = wire_address(address.address)
    if not address.personal.strip():
        return (wire,)
    *lines, last = phrase(address.personal)
    fits = len(last) + len(wire) < LONGEST_LINE
    return (*lines, f"{last} <{wire}>") if fits else (*lines, last, f"<{wire}>")
