"""Reads the reports of machines on mail that was sent: bounces, receipts, notes of the absent.

Delivery reports are those of RFC 3464. Half of the real ones have no part for machines, so their
words are read as well.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Final

from shared.mail.limits import DEFAULT_LIMITS, Limits, UnparsableMailError
from shared.mail.mime.headers import Headers
from shared.mail.mime.structure import Part, Structure, read_structure
from shared.mail.parsed_mail import Confidence, Kind, Report, ReportedRecipient
from shared.mail.parsing.addresses import parse_addresses
from shared.mail.parsing.automatic import is_of_daemon
from shared.mail.parsing.bounces.notices import NamedRecipient, NoticeReader
from shared.mail.parsing.bounces.origins import Origin, kind_in_words, origin_of
from shared.mail.parsing.bounces.other_reports import read_absence, read_complaint, read_receipt
from shared.mail.parsing.bounces.reasons import explains, is_hard
from shared.mail.parsing.bounces.returned_mails import (
    HEADER_TYPES,
    MAIL_TYPES,
    read_notice,
    returned_ids,
)
from shared.mail.parsing.bounces.status_codes import code_in, is_generic, reply_in, status_of
from shared.mail.parsing.bounces.status_parts import StatedRecipient, StatusPart, read_status_part

_STATUS_TYPES: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})
_STATUS_LINES: Final = re.compile(
    rb"^(?:final|original)-recipient[ \t]*:", re.IGNORECASE | re.MULTILINE
)
_ACTIONS: Final[tuple[Kind, ...]] = ("failed", "delayed", "delivered", "relayed", "expanded")
_LEVELS: Final = 3
_MOST_RECIPIENTS: Final = 10_000
_MOST_GUESSES: Final = 20
_MOST_JUDGED: Final = 100
_MOST_PARTS: Final = 20
_MOST_IDS: Final = 20
_LONGEST_DIAGNOSTIC: Final = 500
_LONGEST_ADDRESS: Final = 320
_LONGEST_SUBJECT: Final = 300
_READ_WITHIN: Final = 64 * 1024


def read_report(octets: bytes) -> Report | None:
    """Return the report in a mail, None if it is none or exceeds a limit of parsing.

    The sender of the envelope is read from Return-Path.
    """
    try:
        return report_in(read_structure(octets, DEFAULT_LIMITS))
    except UnparsableMailError:
        return None


def report_in(
    structure: Structure, envelope_sender: str | None = None, limits: Limits = DEFAULT_LIMITS
) -> Report | None:
    """Return the report in a mail that was split into its parts, None if it is none.

    `envelope_sender` is the sender of the SMTP envelope, empty for the null sender; with None,
    Return-Path counts.
    """
    return (
        _delivery_report(structure, envelope_sender, limits)
        or read_receipt(structure)
        or read_complaint(structure)
        or read_absence(structure.headers)
    )


def _delivery_report(
    structure: Structure, envelope_sender: str | None, limits: Limits
) -> Report | None:
    root = structure.root.content_type
    is_declared = root.main == "multipart/report" and _report_type(structure) in {
        "delivery-status",
        "",
    }
    # Most mail is no report, and is told apart by its sender and subject alone.
    origin = origin_of(structure, envelope_sender)
    report = _read_delivery_report(structure, origin, limits, is_declared=is_declared)
    if report is None or not origin.has_null_sender:
        return report
    # Forms of web sites have the null sender as well, and a person writes their words.
    is_of_server = is_of_daemon(structure.headers) and report.confidence != "low"
    is_certain = is_of_server or (is_declared and report.confidence == "high")
    return replace(report, is_certain=is_certain)


def _read_delivery_report(
    structure: Structure, origin: Origin, limits: Limits, *, is_declared: bool
) -> Report | None:
    has_part = any(part.media_type in _STATUS_TYPES for part in structure.leaves)
    if has_part and (is_declared or origin.is_machine or not origin.is_answer):
        return _read(structure, limits, _LEVELS)
    if is_declared and not _is_other_report(structure):
        return _read(structure, limits, _LEVELS)
    if structure.headers.first("x-failed-recipients") and not origin.is_known_person:
        return _read(structure, limits, _LEVELS)
    return _bounce_in_words(structure, origin, limits)


def _bounce_in_words(structure: Structure, origin: Origin, limits: Limits) -> Report | None:
    if _is_other_report(structure) or (origin.is_known_person and not origin.is_daemon):
        return None
    if not (origin.is_machine or (origin.has_bounce_subject and not origin.is_answer)):
        return None
    report = _read(structure, limits, _LEVELS)
    is_bounce = origin.has_null_sender and is_of_daemon(structure.headers)
    if is_bounce or (origin.has_bounce_subject and (origin.is_machine or report.recipients)):
        return report
    # Notes of the absent have the null sender as well, and a daemon may write about anything.
    is_certain = report.confidence != "low" and any(_gives_reason(one) for one in report.recipients)
    return report if origin.is_daemon and is_certain else None


def _gives_reason(recipient: ReportedRecipient) -> bool:
    said = recipient.diagnostic
    return bool(code_in(said, "45") or (reply_in(said) and explains(said)))


def _is_marked_answer(headers: Headers) -> bool:
    return (headers.first("in-reply-to") or headers.first("x-autoreply")) is not None


def _is_other_report(structure: Structure) -> bool:
    kind = _report_type(structure)
    return kind in {"disposition-notification", "feedback-report"} or any(
        part.media_type.endswith(("disposition-notification", "feedback-report"))
        for part in structure.leaves
    )


def _report_type(structure: Structure) -> str:
    return structure.root.content_type.get("report-type").strip().lower()


def _read(structure: Structure, limits: Limits, levels: int) -> Report:
    inner = list(_reports_inside(structure, limits, levels - 1)) if levels > 1 else []
    notice = read_notice(structure)
    reader = NoticeReader(notice, _own_addresses(structure.headers))
    guess = kind_in_words(structure.headers, notice)
    parts = [read_status_part(one, _MOST_RECIPIENTS) for one in _status_contents(structure)]
    recipients, confidence = _recipients(parts, reader, guess)
    if inner:
        recipients = [*recipients, *(one for report in inner for one in report.recipients)]
    if not recipients:
        recipients, confidence = _recipients_in_words(structure.headers, reader, guess)
    ids = (
        *(one for report in inner for one in report.returned_message_ids),
        *returned_ids(structure),
    )
    envelope_ids = (*(one.envelope_id for one in parts), *(one.envelope_id for one in inner))
    kinds = {one.action for one in recipients}
    return Report(
        kind=next((action for action in _ACTIONS if action in kinds), guess),
        recipients=tuple(_distinct(recipients))[:_MOST_RECIPIENTS],
        returned_message_ids=tuple(dict.fromkeys(ids))[:_MOST_IDS],
        envelope_id=next(filter(None, envelope_ids), ""),
        confidence="high" if inner and confidence == "low" else confidence,
    )


def _recipients(
    parts: list[StatusPart], reader: NoticeReader, guess: Kind
) -> tuple[list[ReportedRecipient], Confidence]:
    stated = [one for part in parts for one in part.recipients][:_MOST_RECIPIENTS]
    shown = reader if len(stated) <= _MOST_GUESSES else None
    judged = [_stated(one, shown, guess, len(stated)) for one in stated[:_MOST_JUDGED]]
    # Nobody needs the words of ten thousand refusals: the rest is judged by its codes.
    plain = (replace(one, diagnostic="") for one in stated[_MOST_JUDGED:])
    return [*judged, *(_stated(one, None, guess, len(stated)) for one in plain)], "high"


def _stated(
    one: StatedRecipient, reader: NoticeReader | None, guess: Kind, several: int
) -> ReportedRecipient:
    action = one.action or guess
    notice = ""
    if reader and (is_generic(one.status[:5] or "5.0.0") or not one.diagnostic):
        notice = reader.said_about(one.address) or (reader.reason if several == 1 else "")
    status = status_of(one.status, one.diagnostic, notice, action)
    words = one.diagnostic if explains(one.diagnostic) else f"{one.diagnostic} {notice}"
    return ReportedRecipient(
        one.address,
        status,
        hard=action == "failed" and is_hard(status, words),
        action=action,
        original=one.original,
        diagnostic=(one.diagnostic or notice)[:_LONGEST_DIAGNOSTIC],
        remote_server=one.remote_server,
    )


def _recipients_in_words(
    headers: Headers, reader: NoticeReader, kind: Kind
) -> tuple[list[ReportedRecipient], Confidence]:
    """Return the recipients of a report without a part for machines."""
    told = parse_addresses(headers.every("x-failed-recipients"), limit=_MOST_RECIPIENTS)
    named = [
        NamedRecipient(one.address, "", reader.said_about(one.address) or reader.reason, "")
        for one in told
    ] or reader.recipients(_MOST_RECIPIENTS)
    guesses = [] if named else reader.guesses(_MOST_GUESSES)
    confidence: Confidence = "medium" if named else "low"
    return [_in_words(one, kind) for one in named or guesses], confidence


def _in_words(named: NamedRecipient, kind: Kind) -> ReportedRecipient:
    words = named.diagnostic
    status = status_of("", words, "", kind)
    if kind == "failed" and status.startswith("2"):
        status = "5.0.0"
    return ReportedRecipient(
        named.address[:_LONGEST_ADDRESS],
        status,
        hard=kind == "failed" and is_hard(status, words),
        action=kind,
        original=named.original,
        diagnostic=words[:_LONGEST_DIAGNOSTIC],
        remote_server=named.remote_server,
    )


def _reports_inside(structure: Structure, limits: Limits, levels: int) -> Iterator[Report]:
    """Yield reports that are attached as mails, because some gateways wrap them."""
    mails = (part for part in structure.leaves if part.media_type in MAIL_TYPES)
    for part in islice(mails, _MOST_PARTS):
        try:
            inner = read_structure(part.content(), limits)
        except UnparsableMailError:
            continue
        if any(leaf.media_type in _STATUS_TYPES for leaf in inner.leaves):
            yield _read(inner, limits, levels)


def _status_contents(structure: Structure) -> Iterator[bytes]:
    """Yield the contents of parts for machines, also where they are written as text."""
    parts = [part for part in structure.leaves if part.media_type in _STATUS_TYPES]
    if parts:
        yield from (part.content() for part in parts[:_MOST_PARTS])
        return
    texts = (part for part in structure.leaves if _may_have_fields(part))
    for part in islice(texts, _MOST_PARTS):
        content = part.content()[:_READ_WITHIN]
        if found := _STATUS_LINES.search(content):
            before = content.rfind(b"\n\n", 0, found.start())
            yield content[max(0, before) :]


def _may_have_fields(part: Part) -> bool:
    kind = part.media_type
    return kind not in HEADER_TYPES and (kind == "text/plain" or kind.startswith("application/"))


def _own_addresses(headers: Headers) -> frozenset[str]:
    values = (value for name in ("from", "sender", "to") for value in headers.every(name)[:2])
    return frozenset(one.address.lower() for one in parse_addresses(values, limit=_MOST_GUESSES))


def _distinct(recipients: list[ReportedRecipient]) -> Iterator[ReportedRecipient]:
    """Yield each address once, with its gravest verdict: reports repeat and wrap each other."""
    found: dict[str, ReportedRecipient] = {}
    for one in recipients:
        key = one.address.lower()
        known = found.get(key)
        if known is None or (one.hard and not known.hard):
            found[key] = replace(one, original=one.original or (known.original if known else ""))
    yield from found.values()
