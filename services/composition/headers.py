"""The header block of a mail of ours (RFC 5322), as octets that every server and reader takes.

Addresses and message ids are written by hand: the library makes encoded words of ids, and of the
comma behind an address, as soon as one of them is longer than a line.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from email import policy
from email.header import Header
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final

import idna

from shared.domain.errors import Refused
from shared.domain.interaction import Address, Email

_MESSAGE_ID: Final = re.compile(r"<[!-;=?-~]{1,970}>")
"""No longer than fits into a line of 998 octets behind the name of any header."""
_ADDRESS: Final = re.compile(
    r"""
    (?: [^\x00-\x20\x7f-\xa0()<>\[\]:;@\\,"\ud800-\udfff]+ | "(?:[ !#-\[\]-~]|\\[ -~])+" )
    @ (?: [A-Za-z0-9._-]+ | \[[0-9A-Za-z:.]+\] )
    """,
    re.VERBOSE,
)
_LONGEST_ADDRESS: Final = 320
_PHRASE: Final = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?: [\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
_LONGEST_PHRASE: Final = 60
_LONGEST_LINE: Final = 76
_BREAKS: Final = re.compile(r"[\r\n\0]")
_SPECIAL: Final = re.compile(r'(["\\])')


class UnsendableMailError(Refused):
    """The mail lacks something without which it cannot be sent, or holds what no mail may."""


def header_block(mail: Email, sender: Address, sent_at: datetime) -> bytes:
    """Return the headers of a mail, MIME-Version last, each line with CRLF. Bcc is not among them.

    They are ASCII unless the part before the @ of an address is not (RFC 6532).

    Raises:
        ValueError: A name or the subject cannot be written.
        UnsendableMailError: An address is none.
    """
    return b"".join(
        (
            _addresses("From", [sender]),
            _addresses("To", mail.to),
            _addresses("Cc", mail.cc),
            _subject(mail.subject),
            _field("Date", [format_datetime(sent_at)]),
            _field("Message-ID", [mail.message_id]),
            _field("In-Reply-To", _sendable_ids([mail.in_reply_to])),
            _field("References", _sendable_ids(mail.references), b"\r\n "),
            _field("MIME-Version", ["1.0"]),
        )
    )


def wire_address(address: str) -> str:
    """Return an address with its domain in the form that every server takes (RFC 5891).

    Raises:
        UnsendableMailError: It is no address.
    """
    local, _, host = address.rpartition("@")
    found = f"{local}@{wire_host(host)}"
    if len(found.encode(errors="replace")) > _LONGEST_ADDRESS or not _ADDRESS.fullmatch(found):
        raise UnsendableMailError("a recipient or the sender is no address")
    return found


def wire_host(host: str) -> str:
    """Return a host in the form that every server takes.

    Raises:
        UnsendableMailError: It is no domain name.
    """
    if host.isascii():
        return host
    try:
        return idna.encode(host, uts46=True).decode()
    except (idna.IDNAError, UnicodeError) as error:
        raise UnsendableMailError("an address holds what is no domain name") from error


def _sendable_ids(ids: Iterable[str]) -> Iterator[str]:
    """Leave out what came as an id but may not be written as one (RFC 5322 section 3.6.4)."""
    return (one for one in ids if _MESSAGE_ID.fullmatch(one))


def _addresses(name: str, addresses: Sequence[Address]) -> bytes:
    return _field(name, map(_mailbox, addresses), b",\r\n ")


def _field(name: str, values: Iterable[str], between: bytes = b" ") -> bytes:
    """Return a header, or nothing where it would be empty. Lines are folded at `between` only."""
    written = [value.encode() for value in values]
    return b"%s: %s\r\n" % (name.encode(), between.join(written)) if written else b""


def _subject(subject: str) -> bytes:
    _require_one_line(subject)
    subject.encode()  # the library would write half a character somehow
    message = EmailMessage(policy=policy.SMTP)
    message["Subject"] = subject
    return message.as_bytes().removesuffix(b"\r\n")


def _mailbox(address: Address) -> str:
    wire = wire_address(address.address)
    if not address.personal.strip():
        return wire
    name = _name(address.personal)
    fits = len(name.rpartition("\n")[2]) + len(wire) < _LONGEST_LINE
    return f"{name} <{wire}>" if fits else f"{name}\r\n <{wire}>"


def _name(name: str) -> str:
    _require_one_line(name)
    if not (name.isascii() and name.isprintable()) or len(name) > _LONGEST_PHRASE or "=?" in name:
        return Header(name, "utf-8", maxlinelen=_LONGEST_LINE, header_name="From").encode(
            linesep="\r\n"
        )
    return name if _PHRASE.fullmatch(name) else '"' + _SPECIAL.sub(r"\\\1", name) + '"'


def _require_one_line(text: str) -> None:
    if _BREAKS.search(text):
        raise ValueError("a name or the subject is on several lines")
