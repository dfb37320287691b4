"""Parses delivery reports (RFC 3464) and bounces in plain text.

Half of the real ones have no machine-readable part, so their text is read as well.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from shared.mail.limits import DEFAULT_LIMITS, Limits, UnparsableMailError
from shared.mail.mime.charsets import decode
from shared.mail.mime.encoded_words import decode_value, one_line
from shared.mail.mime.headers import Headers, read_headers, read_mail_headers
from shared.mail.mime.structure import Part, Structure, read_structure
from shared.mail.parsed_mail import Report, ReportedRecipient
from shared.mail.parsing.addresses import parse_addresses
from shared.mail.parsing.automatic import has_null_sender, is_of_daemon
from shared.mail.parsing.identity import message_ids

_STATUS_TYPES: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})
_MAIL_TYPES: Final = frozenset({"message/rfc822", "message/global"})
_HEADER_TYPES: Final = frozenset({"text/rfc822-headers", "message/global-headers"})
_ACTIONS: Final = ("failed", "delayed", "delivered", "relayed", "expanded")
_LEVELS: Final = 3
_MOST_RECIPIENTS: Final = 1_000
_MOST_PARTS: Final = 20
_MOST_IDS: Final = 20
_READ_WITHIN: Final = 64 * 1024
_STATUS_WITHIN: Final = 400
_LONGEST_DIAGNOSTIC: Final = 500
_LONGEST_ADDRESS: Final = 320

_BLANK_LINE: Final = re.compile(rb"\n[ \t\r]*+\n")
_CODE: Final = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.])")
_REPLY: Final = re.compile(r"(?<![\d.])[245]\d\d(?![\d.])")
_GENERIC: Final = re.compile(r"\d\.0\.0")
_NOBODY: Final = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.4.4"})
_NOBODY_IN_WORDS: Final = re.compile(
    r"(?:user|recipient|mailbox|address|account)\b.{0,40}"
    r"\b(?:unknown|not found|do(?:es)? not exist|doesn't exist|disabled|invalid)"
    r"|(?:unknown|no such|invalid) (?:user|recipient|mailbox|address)",
    re.IGNORECASE,
)
_ID_LINE: Final = re.compile(
    rb"^[> \t]{0,20}message-id:[ \t]{0,20}(?:\r?\n[ \t]{1,20})?(<[^<>\s]{1,900}>)",
    re.IGNORECASE | re.MULTILINE,
)
_RECIPIENT_LINE: Final = re.compile(r"^<([^<>\s@]{1,64}@[^<>\s@]{1,255})>[ \t]{0,9}:", re.MULTILINE)
_STILL_TRYING: Final = re.compile(r"\b(?:delay(?:ed)?|warning|verzögert)\b", re.IGNORECASE)


def read_report(
    raw: bytes, *, envelope_sender: str | None = None, limits: Limits = DEFAULT_LIMITS
) -> Report | None:
    """Return the delivery report in a mail, None if it is none.

    Raises:
        UnparsableMailError: The mail exceeds a limit.
    """
    return report_in(read_structure(raw, limits), envelope_sender, limits)


def report_in(
    structure: Structure, envelope_sender: str | None = None, limits: Limits = DEFAULT_LIMITS
) -> Report | None:
    """Return the delivery report in a mail that was split into its parts, None if it is none.

    `envelope_sender` is the sender of the SMTP envelope, empty for the null sender; with None,
    Return-Path counts.
    """
    if not _is_report(structure, envelope_sender):
        return None
    return _read(structure, limits, _LEVELS)


def _is_report(structure: Structure, envelope_sender: str | None) -> bool:
    if any(part.media_type in _STATUS_TYPES for part in structure.leaves):
        return True
    headers, root = structure.headers, structure.root.content_type
    if root.main == "multipart/report" and root.get("report-type").lower() == "delivery-status":
        return True
    if not has_null_sender(headers, envelope_sender):
        return False
    return headers.first("x-failed-recipients") is not None or is_of_daemon(headers)


def _read(structure: Structure, limits: Limits, levels: int) -> Report:
    inner = list(_reports_inside(structure, limits, levels - 1)) if levels > 1 else []
    texts = [_text(part) for part in _texts(structure)]
    recipients = [
        *(one for part in structure.leaves for one in _recipients_of_status(part)),
        *(one for report in inner for one in report.recipients),
    ]
    if not recipients:
        recipients = list(_recipients_in_words(structure.headers, texts))
    ids = dict.fromkeys(
        (*(one for report in inner for one in report.returned_ids), *_returned_ids(structure))
    )
    kinds = {one.action for one in recipients}
    subject = decode_value((structure.headers.first("subject") or b"")[:_LONGEST_DIAGNOSTIC])
    guessed = "delayed" if _STILL_TRYING.search(subject) else "failed"
    return Report(
        kind=next((action for action in _ACTIONS if action in kinds), guessed),
        recipients=tuple(recipients[:_MOST_RECIPIENTS]),
        returned_ids=tuple(ids)[:_MOST_IDS],
    )


def _reports_inside(structure: Structure, limits: Limits, levels: int) -> Iterator[Report]:
    """Yield reports that are attached as mails, because some gateways wrap them."""
    mails = (part for part in structure.leaves if part.media_type in _MAIL_TYPES)
    for part in islice(mails, _MOST_PARTS):
        try:
            inner = read_structure(part.content(), limits)
        except UnparsableMailError:
            continue
        if any(leaf.media_type in _STATUS_TYPES for leaf in inner.leaves):
            yield _read(inner, limits, levels)


def _texts(structure: Structure) -> Iterable[Part]:
    plain = (part for part in structure.leaves if part.media_type in {"text/plain", "text/html"})
    return islice(plain, _MOST_PARTS)


def _text(part: Part) -> str:
    return decode(part.content()[:_READ_WITHIN], part.charset)


def _returned_ids(structure: Structure) -> Iterator[str]:
    """Yield the Message-IDs of returned mails, then those in header lines of the texts."""
    returned = _MAIL_TYPES | _HEADER_TYPES
    parts = [part for part in structure.leaves if part.media_type in returned][:_MOST_PARTS]
    for part in parts:
        headers, _ = read_mail_headers(part.content())
        yield from message_ids(headers.first("message-id") or b"")
    for part in _texts(structure):
        for found in islice(_ID_LINE.finditer(part.content()[:_READ_WITHIN]), _MOST_IDS):
            yield from message_ids(found[1])


def _recipients_of_status(part: Part) -> Iterator[ReportedRecipient]:
    if part.media_type not in _STATUS_TYPES:
        return
    # Blocks after the last allowed recipient are not read.
    for block in _BLANK_LINE.split(part.content(), _MOST_RECIPIENTS)[:_MOST_RECIPIENTS]:
        fields, _ = read_headers(block, 0, len(block))
        final, original = (_address(fields, f"{name}-recipient") for name in ("final", "original"))
        if final or original:
            yield _recipient(
                final or original,
                original,
                _value(fields, "action").partition(" ")[0].lower(),
                _value(fields, "status"),
                _value(fields, "diagnostic-code"),
            )


def _value(fields: Headers, name: str) -> str:
    return one_line(decode((fields.first(name) or b"")[:_LONGEST_DIAGNOSTIC]))


def _address(fields: Headers, name: str) -> str:
    address = _value(fields, name).rpartition(";")[2].strip("<> ")
    return address if len(address) <= _LONGEST_ADDRESS else ""


def _recipient(
    address: str, original: str, action: str, said: str, diagnostic: str
) -> ReportedRecipient:
    status = _status(said, diagnostic)
    failed = action in {"", "failed"} and not status.startswith("4")
    gone = status in _NOBODY or bool(
        (not status or _GENERIC.fullmatch(status)) and _NOBODY_IN_WORDS.search(diagnostic)
    )
    return ReportedRecipient(
        address, status, hard=failed and gone, action=action, original=original, words=diagnostic
    )


def _status(said: str, diagnostic: str) -> str:
    """Return the status code; if it is generic, the one in the diagnostic text."""
    status = _CODE.search(said)
    if status and not _GENERIC.fullmatch(status[0]):
        return status[0]
    better = _CODE.search(diagnostic)
    if better or status:
        return (better or status or [""])[0]
    reply = _REPLY.search(diagnostic)
    return f"{reply[0][0]}.0.0" if reply else ""


def _recipients_in_words(headers: Headers, texts: list[str]) -> Iterator[ReportedRecipient]:
    """Yield the recipients in a report without a machine-readable part."""
    told = parse_addresses(headers.every("x-failed-recipients"), limit=_MOST_RECIPIENTS)
    words = next((found for text in texts if (found := _CODE.search(text))), None)
    for one in told:
        yield _recipient(one.address, "", "", words[0] if words else "", "")
    if told:
        return
    for text in texts:
        for found in islice(_RECIPIENT_LINE.finditer(text), _MOST_RECIPIENTS):
            said = one_line(text[found.end() : found.end() + _STATUS_WITHIN].split("\n\n")[0])
            yield _recipient(found[1], "", "", "", said)
