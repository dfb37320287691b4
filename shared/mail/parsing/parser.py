"""Parses raw octets into a `ParsedMail`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from shared.domain.interaction import Address
from shared.mail.authentication.look_alikes import sender_warnings
from shared.mail.html.blocked_images import BLOCKED
from shared.mail.html.sanitizer import has_image_source
from shared.mail.limits import DEFAULT_LIMITS, Limits
from shared.mail.mime.charsets import decode, is_common_default
from shared.mail.mime.encoded_words import decode_value, one_line
from shared.mail.mime.headers import Headers
from shared.mail.mime.structure import Structure, read_structure
from shared.mail.parsed_mail import AuthenticationField, ParsedMail
from shared.mail.parsing.addresses import parse_addresses, parse_named
from shared.mail.parsing.automatic import automatic_reason
from shared.mail.parsing.bodies import Bodies, read_bodies
from shared.mail.parsing.calendars import calendar_words
from shared.mail.parsing.dates import parse_date
from shared.mail.parsing.files import describe_files, whole_mail
from shared.mail.parsing.identity import message_id, message_ids
from shared.mail.parsing.reports import report_in

_WANTED: Final = (
    "Auto-Submitted",
    "Content-Type",
    "Date",
    "Delivered-To",
    "Importance",
    "List-Id",
    "List-Post",
    "List-Unsubscribe",
    "Message-ID",
    "MIME-Version",
    "Precedence",
    "Return-Path",
    "Sender",
    "Thread-Topic",
    "X-Auto-Response-Suppress",
    "X-Loop",
    "X-Original-To",
    "X-Priority",
)
_WANTED_KEYS: Final = tuple((name, name.lower()) for name in _WANTED)
_LONGEST_HEADER: Final = 998
_RESULTS: Final = "authentication-results"
_MOST_RESULTS: Final = 20
_LONGEST_RESULTS: Final = 4_000
_REST: Final = "\n\n[The rest is in mail.eml, which is attached.]\n"
_LABEL: Final = re.compile(rb"=\?([A-Za-z][A-Za-z0-9._-]{1,40})(?:\*[^?\s]{1,20})?\?[bBqQ]\?")
_NAMED: Final = ("subject", "from", "reply-to", "to", "cc")
_SENDERS: Final = ("from", "reply-to", "sender", "return-path")


def parse_mail(
    raw: bytes, *, envelope_sender: str | None = None, limits: Limits = DEFAULT_LIMITS
) -> ParsedMail:
    """Parse a mail. Any octets give a result; damage shows in `warnings`.

    `envelope_sender` is the sender of the SMTP envelope, empty for the null sender, None if
    unknown.

    Raises:
        UnparsableMailError: The mail exceeds a limit.
    """
    structure = read_structure(raw, limits)
    bodies = read_bodies(structure.leaves, limits)
    html, attachments = describe_files(bodies)
    shown = _shown(bodies, html, limits)
    headers = structure.headers
    people = _People(headers, _charset(structure), limits)
    from_, reply_to = people.sender(), people.named_in("reply-to")
    address = from_[0].address if from_ else ""
    automatic = automatic_reason(headers, structure.root.media_type, address, envelope_sender)
    odd = sender_warnings(
        next(iter(from_), None), reply_to, is_from_list=automatic == "mailing list"
    )
    return ParsedMail(
        message_id=message_id(headers, raw),
        in_reply_to=message_ids(b" ".join(headers.every("in-reply-to"))),
        references=message_ids(b" ".join(headers.every("references"))),
        subject=decode_value(
            headers.first("subject"), charset=people.charset, words=limits.encoded_words
        ),
        from_=from_,
        reply_to=reply_to,
        to=people.named_in("to"),
        cc=people.named_in("cc"),
        sent_at=parse_date(headers.first("date")),
        text=shown.text,
        html=shown.html,
        attachments=(*attachments, whole_mail(raw)) if shown.is_cut else attachments,
        headers=_wanted_headers(headers),
        automatic=automatic,
        warnings=tuple(
            sorted({*_warnings(structure, bodies, html, limits, is_cut=shown.is_cut), *odd})
        ),
        report=report_in(structure, envelope_sender, limits),
        authentication=_authentication(headers),
        calendar=calendar_words(structure.leaves),
    )


@dataclass(frozen=True, slots=True)
class _Shown:
    """Text and HTML to show; `is_cut` means that the rest is only in the mail itself."""

    text: str
    html: str | None
    is_cut: bool


def _shown(bodies: Bodies, html: str | None, limits: Limits) -> _Shown:
    text, longest = bodies.text, limits.shown_characters
    beginning = text if len(text) <= longest else text[:longest] + _REST
    whole = html if len(html or "") <= longest else None
    is_cut = bodies.is_reduced or (beginning, whole) != (text, html)
    return _Shown(beginning, whole, is_cut=is_cut)


@dataclass(frozen=True, slots=True)
class _People:
    """The address headers of one mail."""

    headers: Headers
    charset: str
    limits: Limits

    def named_in(self, header: str) -> tuple[Address, ...]:
        return self._read(self.headers.every(header))

    def sender(self) -> tuple[Address, ...]:
        """Return the sender: the first From with an address, else Reply-To, Sender or Return-Path.

        If From has only a name, the substitute gets it. An address without a host counts last.
        """
        name = ""
        words: tuple[Address, ...] = ()
        for header, value in self._senders():
            found = parse_named((value,), charset=self.charset, limit=self.limits.addresses)
            if complete := tuple(one for one in found if _is_complete(one.address)):
                first = complete[0]
                return complete if not name else (Address(first.address, name), *complete[1:])
            words = words or tuple(one for one in found if one.address)
            if found and header == "from":
                name = name or found[0].personal or found[0].address.strip("@")
        return words

    def _senders(self) -> Iterator[tuple[str, bytes]]:
        return ((name, value) for name in _SENDERS for value in self.headers.every(name))

    def _read(self, values: tuple[bytes, ...]) -> tuple[Address, ...]:
        return parse_addresses(values, charset=self.charset, limit=self.limits.addresses)


def _is_complete(address: str) -> bool:
    local, _, host = address.rpartition("@")
    return bool(local and host)


def _charset(structure: Structure) -> str:
    """Return the charset that raw 8-bit headers most likely have.

    It is that of the mail's texts, or else that of encoded words in other headers.
    """
    declared = (part.charset for part in structure.leaves if part.media_type.startswith("text/"))
    of_texts = structure.root.charset or next(filter(None, declared), "")
    root = structure.root
    if root.source[: root.start].isascii() or not is_common_default(of_texts):
        return of_texts
    values = (value for name in _NAMED for value in structure.headers.every(name))
    labels = (found[1].decode("latin-1") for value in values if (found := _LABEL.search(value)))
    return next((label for label in labels if not is_common_default(label)), of_texts)


def _wanted_headers(headers: Headers) -> dict[str, str]:
    found = [(name, headers.first(key)) for name, key in _WANTED_KEYS]
    return {
        name: one_line(decode(value))[:_LONGEST_HEADER]
        for name, value in found
        if value is not None
    }


def _authentication(headers: Headers) -> tuple[AuthenticationField, ...]:
    """Return the first fields that say whether the sender is proven, each with its hop."""
    found: list[AuthenticationField] = []
    hop = 0
    for name, value in headers.fields:
        if name == "received":
            hop += 1
        elif name == _RESULTS and len(found) < _MOST_RESULTS:
            found.append(AuthenticationField(hop, one_line(decode(value))[:_LONGEST_RESULTS]))
    return tuple(found)


def _warnings(
    structure: Structure, bodies: Bodies, html: str | None, limits: Limits, *, is_cut: bool
) -> set[str]:
    found = set(structure.warnings | bodies.warnings)
    if is_cut:
        found.add("words-too-long")
    headers = structure.headers
    if headers.malformed:
        found.add("malformed-header-line")
    words = (headers.first("subject") or b"").count(b"=?")
    people = sum(value.count(b"@") for name in ("to", "cc") for value in headers.every(name))
    if headers.cut or words > limits.encoded_words or people > limits.addresses:
        found.add("header-cut")
    if html and has_image_source(html, BLOCKED):
        found.add("remote-images-blocked")
    return found
