"""Finds repeated headers of a mail ("From: … Sent: …") and lines such as "Original Message"."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from shared.mail.sections.attributions import has_address, has_date
from shared.mail.sections.lines import Line, next_words
from shared.mail.sections.phrases.all_languages import alternatives, phrases_of
from shared.mail.sections.phrases.phrase_set import has_any

_FIELDS: Final = ("sender", "sent", "to", "copy", "subject")
_OTHERS: Final = (
    "Reply-To", "Reply To", "Importance", "Priority", "Attachments", "Attachment", "Organization",
    "Newsgroups", "Message-ID", "Resent-From", "Return-Path", "Mailed-by", "Signed-by",
    "Wichtigkeit", "Priorität", "Anlagen", "Cci", "Cc", "Bcc", "CC", "BCC", "抄送人", "重要性",
)  # fmt: skip
_MOST_HEADERS: Final = 40
_MOST_CONTINUED: Final = 3
_LABELS: Final = {label.casefold(): field for field in _FIELDS for label in alternatives(field)} | {
    label.casefold(): "other" for label in _OTHERS
}
_LABEL: Final = re.compile(
    r"[*_|\s]{0,4}([^\W\d_][^:\N{FULLWIDTH COLON}*]{0,24}?)[\s*_]{0,4}"
    r"[:\N{FULLWIDTH COLON}][*_\s]{0,4}(?!//)(.*)\Z"
)
_DASHES: Final = frozenset("-_=*~+\u2013\u2014\u2500\u2501")
_RULE: Final = re.compile(r"[-_=*~\u2013\u2014\u2500\u2501]{5,}\Z")
_DASHED: Final = re.compile(
    r"[-_=*~\u2013\u2014\u2500+]{2,}\s{0,4}(\S.{1,100}?)\s{0,4}[-_=*~\u2013\u2014\u2500+]{2,}:?\Z"
)
_HALF_DASHED: Final = re.compile(r"[-_=*~\u2013\u2014]{3,}\s{0,4}(\S.{1,60}?):?\Z")
_INSIDE: Final = re.compile(r"(?<=\s)-{4,20}\s{0,4}([^\s-][^-]{1,60}?)\s{0,4}-{4,20}")
_MARK: Final = phrases_of("original", "forwarded")
_ORIGINAL: Final = phrases_of("original")
_ALONE: Final = phrases_of("original", "begin")
_BEGIN: Final = phrases_of("begin")
_COLONS: Final = (":", "\N{FULLWIDTH COLON}")
_ABOVE: Final = ("above", "oberhalb", "über", "au-dessus", "encima", "arriba", "boven")
_REPLY_ABOVE: Final = re.compile(
    r"(?:reply|type your reply|write|respond|please reply|please type your reply|replies?"
    r"|antworten sie|ihre antwort|bitte antworten sie|répondez|écrivez|votre réponse"
    r"|responda|escriba|su respuesta|antwoord|typ uw antwoord)"
    rf"\s.{{0,30}}(?:{'|'.join(_ABOVE)})",
    re.IGNORECASE,
)
_LONGEST_REPLY_ABOVE: Final = 120
_TIME: Final = re.compile(r"(?:19|20)\d\d.{0,20}\b\d{1,2}[:.]\d\d")
_LABEL_INSIDE: Final = re.compile(r"(?<!\S)[*_]{0,2}([^\W\d_]{1,14}) ?:[*_]{0,2}\s")
_WROTE: Final = phrases_of("wrote")
_LEADS: Final = 3
_LEAST_DASHES: Final = 2
_SHORTEST_DASHED: Final = 6
_LONGEST_LABEL: Final = 34
"""Characters within which the colon of a label stands."""
_LONGEST_LEAD: Final = 120
_FEW_HEADERS: Final = 2
_SEVERAL_HEADERS: Final = 3
_NEAR_THE_END: Final = 20


@dataclass(frozen=True, slots=True)
class HeaderBlock:
    """An introduction of quoted mail up to before line `end`; it begins at offset `start`.

    Without `has_headers` it is only a line such as "Original Message".
    """

    start: int
    end: int
    has_headers: bool


def possible_starts(lines: Sequence[Line], text: str) -> list[bool]:
    """Say cheaply for each line of a text whether a header block may begin in it.

    Most lines begin with a letter, have neither label nor dashes, and have no label below them.
    """
    has_reply_line = " line" in text and has_any(text.lower(), _ABOVE)
    found = [False] * len(lines)
    is_label, below = False, 0
    for at in range(len(lines) - 1, -1, -1):
        line = lines[at]
        words = line.words
        if not words and not line.depth:
            continue
        has_label = _may_have_label(words)
        found[at] = bool(words) and (
            has_label
            or (is_label and below - at <= _LEADS + 1)
            or not words[0].isalnum()
            or "----" in words
            or (has_reply_line and " line" in words)
            or (has_any(words, _COLONS) and _may_begin_without_label(words))
        )
        is_label, below = has_label, at
    return found


def _may_begin_without_label(words: str) -> bool:
    """Say whether a line with a colon further on may be a mark, or have all headers in it."""
    return (
        not words[-1].isalnum()
        or words.count(":") >= _SEVERAL_HEADERS
        or has_any(words.lower(), _ABOVE)
    )


def header_block_at(lines: Sequence[Line], first: int) -> HeaderBlock | None:
    """Return the header block that begins in a line of `possible_starts`, None if there is none."""
    words = lines[first].words
    start = lines[first].start
    if _is_reply_line(words):
        return HeaderBlock(start, first + 1, has_headers=False)
    if _is_mark(words):
        return _below_mark(lines, first, start)
    if "----" in words and (found := _INSIDE.search(words)) and _ORIGINAL.is_in(found[1]):
        inside = found.start() + lines[first].indent if not lines[first].depth else 0
        return _below_mark(lines, first, start + inside)
    has_several = words.count(":") >= _SEVERAL_HEADERS
    if has_several and (begin := _headers_inside(words)) is not None:
        shift = lines[first].indent + begin if not lines[first].depth else 0
        return HeaderBlock(start + shift, first + 1, has_headers=True)
    end: int | None
    is_dashed = words[0] in _DASHES and (_RULE.match(words) or _dashed(words))
    if is_dashed or _ALONE.is_all_of(words):
        end = _headers_after(lines, first + 1)
    else:
        end = _headers(lines, first) or _headers_below_lead(lines, first)
    return HeaderBlock(start, end, has_headers=True) if end else None


def _below_mark(lines: Sequence[Line], first: int, start: int) -> HeaderBlock:
    end = _headers_after(lines, first + 1)
    return HeaderBlock(start, end or first + 1, has_headers=end is not None)


def _dashed(words: str) -> re.Match[str] | None:
    """Return the words between dashes in a line that begins and ends with them."""
    end = words.removesuffix(":")[-_LEAST_DASHES:]
    if len(words) < _SHORTEST_DASHED or not _DASHES.issuperset(end):
        return None
    return _DASHED.match(words)


def _is_mark(words: str) -> bool:
    if _DASHES.issuperset(words):
        return False
    if words[0] in _DASHES:
        dashed = _dashed(words)
        if dashed and (_MARK.is_in(dashed[1]) or _WROTE.is_in(dashed[1][-_NEAR_THE_END:])):
            return True
        if (half := _HALF_DASHED.match(words)) and _MARK.is_in(half[1]):
            return True
    return words.endswith(_COLONS) and _BEGIN.is_all_of(words)


def _is_reply_line(words: str) -> bool:
    """Say whether a line is the mark of a help desk: "reply above this line"."""
    if len(words) > _LONGEST_REPLY_ABOVE:
        return False
    small = words.lower()
    if not has_any(small, _ABOVE):
        return False
    if not _REPLY_ABOVE.search(words):
        return False
    return not words[0].isalnum() or not words[-1].isalnum() or "line" in small


def _headers_after(lines: Sequence[Line], at: int) -> int | None:
    begin = next_words(lines, at)
    return None if begin is None else _headers(lines, begin, marked=True)


def _headers_inside(words: str) -> int | None:
    """Return where headers begin that stand in one line, as HTML leaves them; None without any."""
    labels = list(_LABEL_INSIDE.finditer(words))
    fields: dict[str, str] = {}
    begin = None
    ends = [*(label.start() for label in labels), len(words)]
    for label, end in zip(labels, ends[1:], strict=True):
        if field := _LABELS.get(label[1].casefold()):
            begin = label.start() if begin is None else begin
            fields.setdefault(field, words[label.end() : end])
    known = fields.keys() - {"other"}
    is_whole = {"sender", "sent", "to"} <= known and has_date(fields["sent"])
    return begin if is_whole else None


def _headers(
    lines: Sequence[Line], first: int, *, marked: bool = False, led: bool = False
) -> int | None:
    """Return the line after repeated headers that begin in line `first`, None if there are none.

    `marked` means that a line such as "Original Message" stands before, `led` a line with the
    author and the time.
    """
    words = lines[first].words
    begins = _field(words)
    if begins is None or (begins[0] != "sender" and not marked and _is_inside(lines, first)):
        return None
    depth = lines[first].depth
    fields: dict[str, str] = {}
    continued = 0
    end = first
    for at in range(first, min(len(lines), first + _MOST_HEADERS)):
        line = lines[at]
        if line.depth != depth:
            break
        if not line.words:
            after = next_words(lines, at, 1)
            if after is None or lines[after].depth != depth or not _field(lines[after].words):
                break
            continue
        if found := _field(line.words):
            if found[0] == "sender" and "sender" in fields:
                break
            fields.setdefault(*found)
            continued, end = 0, at + 1
        elif continued < _MOST_CONTINUED and _continues(lines, at):
            continued += 1
            end = at + 1
        else:
            break
    return end if _is_of_mail(fields, marked=marked, led=led) else None


def _is_inside(lines: Sequence[Line], at: int) -> bool:
    """Say whether headers stand right before a line, so that a block begins further up."""
    before = at - 1
    if before > 0 and not lines[before].words:
        before -= 1
    return before >= 0 and _field(lines[before].words) is not None


def _field(words: str) -> tuple[str, str] | None:
    """Return the field and the value of a line with a label, None for any other line."""
    found = _LABEL.match(words) if _may_have_label(words) else None
    if found is None:
        return None
    field = _LABELS.get(found[1].strip().casefold())
    return (field, found[2]) if field else None


def _may_have_label(words: str) -> bool:
    head = words[:_LONGEST_LABEL]
    return ":" in head or "\N{FULLWIDTH COLON}" in head


def _continues(lines: Sequence[Line], at: int) -> bool:
    """Say whether a line without a label continues a header."""
    before, line = lines[at - 1].words, lines[at]
    if before.endswith((",", ";", ":")) or line.words.startswith(("<", "(", "[mailto")):
        return True
    after = lines[at + 1].words if at + 1 < len(lines) else ""
    return bool(before and after and _field(after))


def _is_of_mail(fields: dict[str, str], *, marked: bool, led: bool) -> bool:
    """Say whether headers belong to a mail: people write "From: Berlin, To: Rome" as well."""
    known = fields.keys() - {"other"}
    if marked:
        return "sender" in known or len(known) >= _FEW_HEADERS
    if led:
        return {"to", "subject"} <= known
    if "sender" not in known or len(known) < _FEW_HEADERS:
        return False
    is_dated = has_date(fields.get("sent", ""))
    if has_address(fields["sender"]):
        return is_dated or len(known) >= _SEVERAL_HEADERS
    is_timed = is_dated and bool(_TIME.search(fields["sent"]))
    return {"sent", "to"} <= known and ("subject" in known or is_timed)


def _headers_below_lead(lines: Sequence[Line], first: int) -> int | None:
    """Return the line after headers below a line with author and time, as Lotus Notes writes."""
    words = lines[first].words
    if len(words) > _LONGEST_LEAD or not has_date(words):
        return None
    after = next_words(lines, first + 1, _LEADS)
    if after is None or lines[after].depth != lines[first].depth:
        return None
    return _headers(lines, after, led=True)
