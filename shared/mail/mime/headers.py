"""Reads header blocks (RFC 5322 section 2.2), including those of malformed mails."""

import re
from dataclasses import dataclass, field
from typing import Final

from shared.mail.limits import DEFAULT_LIMITS

_FIELD: Final = re.compile(rb"([!-9;-~]+)[ \t]*:")
_BLOCK_END: Final = re.compile(rb"\n(?=\r*(?:\n|\Z))")
_NO_HEADERS: Final = re.compile(rb"\r?\n")
_LEADING_BLANKS: Final = re.compile(rb"[ \t\r\n]*\n")
_ENVELOPE_LINES: Final = (b"From ", b">From ")
_FOLDED: Final = (b" ", b"\t")
_NAME_OCTETS: Final = bytes(set(range(0x21, 0x7F)) - set(b":"))
# `in` is many times as fast for the number of an octet as for octets.
_CR: Final = ord("\r")
_FIELD_END: Final = re.compile(rb"\n(?![ \t])")
_OF_MAILS: Final = re.compile(
    rb"(?:bcc|cc|date|from|message-id|received|reply-to|return-path|sender|subject|to)[ \t]*:",
    re.IGNORECASE,
)
_WORDS: Final = re.compile(rb"[0-9A-Za-z\x80-\xff]")
_STRUCTURED: Final = frozenset(
    {
        *("from", "sender", "reply-to", "to", "cc", "bcc", "return-path", "date", "message-id"),
        *("content-type", "content-disposition", "content-transfer-encoding", "mime-version"),
    }
)
_UNFINISHED: Final = (b",", b";", b"=", b":", b"<")
_FIELDS_AT_LEAST: Final = 4


@dataclass(frozen=True, slots=True)
class Headers:
    """The fields of a block in order: lower-case names and unfolded, undecoded values.

    `malformed` means that a line is no field, `cut` that the block exceeded its limit.
    """

    fields: tuple[tuple[str, bytes], ...] = ()
    malformed: bool = False
    cut: bool = False
    _first: dict[str, bytes] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        topmost = dict(reversed(self.fields))
        if not all(topmost.values()):
            topmost |= {name: value for name, value in reversed(self.fields) if value}
        object.__setattr__(self, "_first", topmost)

    def first(self, name: str) -> bytes | None:
        """Return the first non-empty value of a lower-case name, None if there is no field."""
        return self._first.get(name)

    def every(self, name: str) -> tuple[bytes, ...]:
        """Return the values of all fields of a lower-case name, in order."""
        if name not in self._first:
            return ()
        return tuple([value for key, value in self.fields if key == name])


def read_mail_headers(raw: bytes, limit: int = DEFAULT_LIMITS.header_octets) -> tuple[Headers, int]:
    """Return the headers of a mail and the offset of its body.

    Blank lines before the first field and an mbox `From ` line are skipped. A block above `limit`
    octets is cut; each of its fields keeps its beginning.
    """
    return read_headers(raw, _headers_start(raw), len(raw), limit)


def body_offset(raw: bytes, limit: int = DEFAULT_LIMITS.header_octets) -> int:
    """Return the offset of a mail's body, as `read_mail_headers` does, without reading the fields.

    In a block above `limit` octets it looks only for the blank line at the end.
    """
    start, end = _headers_start(raw), len(raw)
    if no_headers := _NO_HEADERS.match(raw, start, end):
        return no_headers.end()
    block_end, body = _blank_line(raw, start, end)
    lines = _lines(raw, start, min(block_end, start + limit))
    count = _header_line_count(lines)
    return body if count == len(lines) else start + sum(map(len, lines[:count]))


def read_head(raw: bytes, limit: int = DEFAULT_LIMITS.header_octets) -> Headers:
    """Return the fields within the first `limit` octets of a mail.

    It takes no longer for a longer mail, unlike `read_mail_headers`, which looks for the end of the
    block and keeps the beginning of each field up to there.
    """
    return read_mail_headers(raw[:limit], limit)[0]


def read_headers(
    raw: bytes, start: int, end: int, limit: int = DEFAULT_LIMITS.header_octets
) -> tuple[Headers, int]:
    """Return the header block at `start`, and the offset after its blank line."""
    if no_headers := _NO_HEADERS.match(raw, start, end):
        return Headers(), no_headers.end()
    block_end, body = _blank_line(raw, start, end)
    is_cut = block_end > start + limit
    if not is_cut and (fields := _sound_fields(raw[start:block_end])):
        return Headers(fields), body
    lines = _lines(raw, start, min(block_end, start + limit))
    count = _header_line_count(lines)
    if count < len(lines):
        return _read_lines(lines[:count]), start + sum(map(len, lines[:count]))
    if is_cut:
        lines = _lines(_beginnings(raw, start, block_end, limit))
    return _read_lines(lines, is_cut=is_cut), body


def _headers_start(raw: bytes) -> int:
    blanks = _LEADING_BLANKS.match(raw)
    return blanks.end() if blanks and _starts_headers(raw, blanks.end()) else 0


def _blank_line(raw: bytes, start: int, end: int) -> tuple[int, int]:
    """Return where the first blank line begins and ends; both are `end` if there is none."""
    blank = _BLOCK_END.search(raw, start, end)
    if blank is None:
        return end, end
    return blank.end(), raw.find(b"\n", blank.end(), end) + 1 or end


def _lines(raw: bytes, start: int = 0, end: int | None = None) -> list[bytes]:
    return raw[start:end].splitlines(keepends=True)


def _sound_fields(block: bytes) -> tuple[tuple[str, bytes], ...]:
    """Return the fields of a block that has nothing but fields, nothing for any other block.

    Nearly every mail has such a block. `_read_lines` gives the same fields more slowly, as it
    decides about each line.
    """
    flat = block.replace(b"\r\n", b"\n").removesuffix(b"\n")
    # A single CR ends a line too, and a line of dashes may end the block.
    if _CR in flat or flat.startswith(b"--") or flat.find(b"\n--") >= 0:
        return ()
    if flat.startswith(_ENVELOPE_LINES) and not _FIELD.match(flat):
        flat = flat.partition(b"\n")[2]
    lines = flat.replace(b"\n ", b"\r").replace(b"\n\t", b"\r").split(b"\n")
    parts = [line.partition(b":") for line in lines]
    names = [name.rstrip(b" \t") for name, _, _ in parts]
    if not all(names) or b"".join(names).translate(None, _NAME_OCTETS):
        return ()
    if not all(colon for _, colon, _ in parts):
        return ()
    lower = b":".join(names).lower().decode("ascii").split(":")
    values = [_unfolded(value) if _CR in value else value.strip() for _, _, value in parts]
    return tuple(zip(lower, values, strict=True))


def _unfolded(value: bytes) -> bytes:
    """Return a value as one line; each CR stands for the begin of a folded line."""
    return b" ".join(filter(None, map(bytes.strip, value.split(b"\r"))))


def _beginnings(raw: bytes, start: int, end: int, limit: int) -> bytes:
    """Return at most `limit` octets of a long block, with long fields cut."""
    kept: list[bytes] = []
    room, longest = limit, limit // _FIELDS_AT_LEAST
    while start < end and room > 0:
        found = _FIELD_END.search(raw, start, end)
        field_end = found.end() if found else end
        beginning = raw[start : min(field_end, start + longest, start + room)]
        kept.append(beginning if beginning.endswith(b"\n") else beginning + b"\n")
        room -= len(beginning)
        start = field_end
    return b"".join(kept)


def _starts_headers(raw: bytes, start: int) -> bool:
    return raw.startswith(_ENVELOPE_LINES, start) or _FIELD.match(raw, start) is not None


def _header_line_count(lines: list[bytes]) -> int:
    """Count the lines up to the last that can belong to a field; later lines are body."""
    # A multipart delimiter means that the blank line before it is missing. But a line of dashes
    # with fields of a mail below it is no delimiter.
    dashes = [n for n, line in enumerate(lines) if line.startswith(b"--")]
    if dashes:
        last = max((n for n, line in enumerate(lines) if _OF_MAILS.match(line)), default=-1)
        dashes = [n for n in dashes if n > last]
    count = dashes[0] if dashes else len(lines)
    while count and not _belongs(lines[count - 1]):
        count -= 1
    return count


def _belongs(line: bytes) -> bool:
    return line.startswith((b" ", b"\t", b"\r", *_ENVELOPE_LINES)) or _FIELD.match(line) is not None


def _read_lines(lines: list[bytes], *, is_cut: bool = False) -> Headers:
    names: list[str] = []
    values: list[list[bytes]] = []
    malformed = False
    for line in lines:
        if line.startswith(_FOLDED):
            if values:
                values[-1].append(line.strip())
        elif found := _FIELD.match(line):
            names.append(found[1].decode("ascii").lower())
            values.append([line[found.end() :].strip()])
        elif line.strip() and not line.startswith(_ENVELOPE_LINES):
            malformed = True
            if values and _goes_on(names[-1], values[-1][-1], line):
                values[-1].append(line.strip())
    joined = [value[0] if len(value) == 1 else b" ".join(filter(None, value)) for value in values]
    return Headers(tuple(zip(names, joined, strict=True)), malformed, is_cut)


def _goes_on(name: str, before: bytes, line: bytes) -> bool:
    """Say whether a line without a colon continues the value before it, without being folded."""
    if line.startswith(b"--") or _WORDS.search(line) is None:
        return False
    if name not in _STRUCTURED or not before:
        return True
    return before.endswith(_UNFINISHED) or before.count(b'"') % 2 == 1
