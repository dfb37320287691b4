"""Header blocks as they arrive: RFC 5322 section 2.2 and what real mail makes of it."""

import re
from dataclasses import dataclass, field
from typing import Final

_FIELD: Final = re.compile(rb"([!-9;-~]+)[ \t]*:")
_BLOCK_END: Final = re.compile(rb"\n(?=\r*(?:\n|\Z))")
_NO_HEADERS: Final = re.compile(rb"\r?\n")
_LEADING_BLANKS: Final = re.compile(rb"[ \t\r\n]*\n")
_ENVELOPE_LINES: Final = (b"From ", b">From ")


@dataclass(frozen=True, slots=True)
class Headers:
    """The fields of one block in order: lower-case names, unfolded values, nothing decoded."""

    fields: tuple[tuple[str, bytes], ...] = ()
    malformed: bool = False
    _first: dict[str, bytes] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_first", dict(reversed(self.fields)))

    def first(self, name: str) -> bytes | None:
        """Return the value of the topmost field of that lower-case name."""
        return self._first.get(name)

    def every(self, name: str) -> tuple[bytes, ...]:
        """Return the values of all fields of that lower-case name, in order."""
        return tuple(value for key, value in self.fields if key == name)


def read_mail_headers(raw: bytes) -> tuple[Headers, int]:
    """Return a whole mail's headers and where its body starts.

    Blank lines before the first field are skipped, as is an mbox `From ` line.
    """
    blanks = _LEADING_BLANKS.match(raw)
    start = blanks.end() if blanks and _starts_headers(raw, blanks.end()) else 0
    return read_headers(raw, start, len(raw))


def read_headers(raw: bytes, start: int, end: int) -> tuple[Headers, int]:
    """Return the header block that starts there and the offset of what follows its blank line."""
    if no_headers := _NO_HEADERS.match(raw, start, end):
        return Headers(), no_headers.end()
    blank = _BLOCK_END.search(raw, start, end)
    block_end = blank.end() if blank else end
    lines = raw[start:block_end].splitlines(keepends=True)
    count = _header_line_count(lines)
    if count < len(lines):
        return _read_lines(lines[:count]), start + sum(map(len, lines[:count]))
    body = raw.find(b"\n", block_end, end) if blank else -1
    return _read_lines(lines), body + 1 if body >= 0 else end


def _starts_headers(raw: bytes, start: int) -> bool:
    return raw.startswith(_ENVELOPE_LINES, start) or _FIELD.match(raw, start) is not None


def _header_line_count(lines: list[bytes]) -> int:
    """Count the lines up to the last one that can be a field: text after it is body."""
    # A delimiter of a multipart says that its sender forgot the blank line before it.
    count = next((n for n, line in enumerate(lines) if line.startswith(b"--")), len(lines))
    while count and not _belongs(lines[count - 1]):
        count -= 1
    return count


def _belongs(line: bytes) -> bool:
    return line.startswith((b" ", b"\t", b"\r", *_ENVELOPE_LINES)) or _FIELD.match(line) is not None


def _read_lines(lines: list[bytes]) -> Headers:
    names: list[str] = []
    values: list[list[bytes]] = []
    malformed = False
    for line in lines:
        found = _FIELD.match(line)
        if found and not line.startswith((b" ", b"\t")):
            names.append(found[1].decode("ascii").lower())
            values.append([line[found.end() :].strip()])
        elif line.startswith(_ENVELOPE_LINES) or not line.strip():
            continue
        else:
            # A line without a colon is most often a value that somebody forgot to fold.
            malformed = malformed or not line.startswith((b" ", b"\t"))
            if values:
                values[-1].append(line.strip())
    joined = (b" ".join(filter(None, value)) for value in values)
    return Headers(tuple(zip(names, joined, strict=True)), malformed)
