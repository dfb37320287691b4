"""Separates a server's notice from the mail that it returns, and reads what came back."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from shared.mail.html.text import strip_tags
from shared.mail.mime.charsets import decode
from shared.mail.mime.headers import Headers, read_headers, read_mail_headers
from shared.mail.mime.structure import Part, Structure
from shared.mail.parsing.addresses import parse_addresses
from shared.mail.parsing.identity import message_ids

MAIL_TYPES: Final = frozenset({"message/rfc822", "message/global", "message/rfc822-headers"})
HEADER_TYPES: Final = frozenset(
    {"text/rfc822-headers", "text/rfc822-header", "message/global-headers", "text/x-rfc822-headers"}
)
_MOST_PARTS: Final = 20
_MOST_IDS: Final = 20
_READ_WITHIN: Final = 64 * 1024
_MOST_LINES: Final = 2_000
_MOST_ADDRESSES: Final = 10_000

_DECORATION: Final = " \t>|*#=~_-"
_AFTER_DASHES: Final = re.compile(
    r".{0,40}?(?:copy of|original|unsent message|returned message|undelivered message|enclosed"
    r"|message follows|headers? follow|message (?:text|header)|forwarded message|your message"
    r"|body of|headers? of the|urspr\w*nglich|d.origine)",
    re.IGNORECASE,
)
_MARK: Final = re.compile(
    r"(?:the |your ){0,2}(?:original|undelivered|returned|unsent) (?:message|mail|e-?mail)"
    r"(?: text| headers?)? (?:follows|is (?:below|attached|included)|is as follows)"
    r"|(?:original|undelivered) (?:message|mail) headers?\s*:|message headers?(?: follow|\s*:)"
    r"|your message (?:reads|follows|begins|was as follows)|text of (?:the )?(?:original )?message"
    r"|ursprüngliche (?:nachrichten)?kopfzeilen|en-t[êe]tes de message d"
    r"|encabezados de mensaje orig|(?:the )?(?:first|top) \d+ lines"
    r"|a copy of (?:the|your) (?:original )?message|below (?:this line )?is (?:a copy|the)"
    r"|included is a copy|元のメッセージ|原始邮件",
    re.IGNORECASE,
)
_FIELD: Final = re.compile(r"[> ]{0,4}([A-Za-z][A-Za-z0-9-]{1,40}):(?: |\t|$)")
_OF_MAILS: Final = frozenset(
    {"received", "message-id", "return-path", "mime-version", "dkim-signature", "x-mailer"}
)
_OF_REPORTS: Final = frozenset(
    {"reporting-mta", "final-recipient", "original-recipient", "action", "status", "remote-mta"}
)
_FIELDS_AT_LEAST: Final = 3
_ID_LINE: Final = re.compile(
    rb"^[> \t]{0,20}message-id:[ \t]{0,20}(?:\r?\n[ \t]{1,20})?(<[^<>\s]{1,900}>)",
    re.IGNORECASE | re.MULTILINE,
)
_SENT_TO: Final = ("to", "cc", "bcc", "x-original-to", "delivered-to", "x-failed-recipients")


@dataclass(frozen=True, slots=True)
class Notice:
    """The words of a server, without the mail that they return, and that mail's headers."""

    text: str
    returned: tuple[Headers, ...]

    @property
    def sent_to(self) -> tuple[str, ...]:
        """The recipients of the returned mail, by its headers."""
        values = (
            value for headers in self.returned for name in _SENT_TO for value in headers.every(name)
        )
        found = parse_addresses(islice(values, _MOST_IDS), limit=_MOST_ADDRESSES)
        return tuple(dict.fromkeys(one.address for one in found if "@" in one.address))

    @property
    def sent_from(self) -> frozenset[str]:
        """The sender of the returned mail, in lower case."""
        names = ("from", "sender", "return-path", "reply-to")
        values = [
            value for headers in self.returned for name in names for value in headers.every(name)
        ]
        found = parse_addresses(values[:_MOST_IDS], limit=_MOST_IDS)
        return frozenset(one.address.lower() for one in found)


def read_notice(structure: Structure) -> Notice:
    """Return the notice in a mail: its plain text, else the text of its HTML."""
    returned = [
        read_mail_headers(part.content()[:_READ_WITHIN])[0]
        for part in islice(_parts(structure, MAIL_TYPES | HEADER_TYPES), _MOST_PARTS)
    ]
    plain = [_text(part) for part in islice(_parts(structure, {"text/plain"}), _MOST_PARTS)]
    if not any(one.strip() for one in plain):
        pages = islice(_parts(structure, {"text/html"}), _MOST_PARTS)
        plain = [strip_tags(_text(part)) for part in pages]
    words = []
    for text in plain:
        own, rest = split_notice(text)
        words.append(own)
        returned += _headers_in(rest)
    return Notice("\n\n".join(words)[:_READ_WITHIN], tuple(returned))


def split_notice(text: str) -> tuple[str, str]:
    """Split a text where the returned mail begins: at a line that says so, or at its headers."""
    lines = text.split("\n", _MOST_LINES)
    fields: list[str] = []
    started = 0
    for number, line in enumerate(lines):
        if number and _is_mark(line[:200]):
            return "\n".join(lines[:number]), "\n".join(lines[number + 1 :])
        field = _FIELD.match(line)
        if field and not line.startswith("  "):
            started = started if fields else number
            fields.append(field[1].lower())
            if _are_of_a_mail(fields):
                return "\n".join(lines[:started]), "\n".join(lines[started:])
        elif not (fields and line.startswith((" ", "\t"))):
            fields = []
    return text, ""


def returned_ids(structure: Structure) -> Iterator[str]:
    """Yield the Message-IDs of returned mails, then those in header lines of the texts."""
    for part in islice(_parts(structure, MAIL_TYPES | HEADER_TYPES), _MOST_PARTS):
        headers, _ = read_mail_headers(part.content()[:_READ_WITHIN])
        yield from message_ids(headers.first("message-id") or b"")
    for part in islice(_parts(structure, {"text/plain", "text/html"}), _MOST_PARTS):
        for found in islice(_ID_LINE.finditer(part.content()[:_READ_WITHIN]), _MOST_IDS):
            yield from message_ids(found[1])


def _parts(structure: Structure, types: Iterable[str]) -> Iterator[Part]:
    wanted = frozenset(types)
    return (part for part in structure.leaves if part.media_type in wanted)


def _text(part: Part) -> str:
    text = decode(part.content()[:_READ_WITHIN], part.charset)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _is_mark(line: str) -> bool:
    words = line.lstrip(_DECORATION)
    if "--" in line[: len(line) - len(words)] and _AFTER_DASHES.match(words):
        return True
    return _MARK.match(words) is not None


def _are_of_a_mail(fields: list[str]) -> bool:
    several = set(fields)
    return (
        len(fields) >= _FIELDS_AT_LEAST
        and not several.isdisjoint(_OF_MAILS)
        and several.isdisjoint(_OF_REPORTS)
    )


def _headers_in(text: str) -> list[Headers]:
    raw = text.lstrip("\n- =").encode()
    if not raw:
        return []
    headers, body = read_headers(raw, 0, len(raw))
    if headers.first("from") is None and headers.first("to") is None and 0 < body < len(raw):
        # Some servers leave a blank line, or a sentence, before the headers.
        headers, _ = read_headers(raw, body, len(raw))
    return [headers]
