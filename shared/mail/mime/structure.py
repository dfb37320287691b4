"""The MIME tree of a mail as offsets into its octets (RFC 2046), without recursion."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from shared.mail.limits import DEFAULT_LIMITS, Limits, refuse_above
from shared.mail.mime.encoded_words import decode_words
from shared.mail.mime.headers import Headers, read_headers, read_mail_headers
from shared.mail.mime.parameters import ParameterisedValue, parse_parameters
from shared.mail.mime.transfer import decode_transfer, is_known

_OPAQUE_ENCODINGS: Final = frozenset({"base64", "quoted-printable"})
# A line that looks like a delimiter is one if a part begins after it.
_DELIMITER: Final = re.compile(
    rb"(?<![^\n])--([^\s][^\r\n]{0,199}+)\r*+\n(?=(content-[a-z-]{1,40}+[ \t]*+:)|\r*+\n)",
    re.IGNORECASE,
)
_MOST_GUESSES: Final = 20
_MOST_SEARCHES: Final = 3
_MOST_TYPES: Final = 5
_HTML: Final = re.compile(rb"\s*+<(?:!doctype\s++html|html)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """One node of the tree; its encoded content is `source[start:end]`.

    `index` numbers the leaves in the order of the mail. `alternative` is the same for all leaves
    below one outermost multipart/alternative. `charset` is declared by the part or by an enclosing
    multipart.
    """

    headers: Headers
    content_type: ParameterisedValue
    disposition: ParameterisedValue
    source: bytes
    start: int
    end: int
    media_type: str
    depth: int = 0
    index: int = -1
    alternative: int | None = None
    charset: str = ""

    @property
    def encoding(self) -> str:
        """The content transfer encoding, lower-case."""
        value = self.headers.first("content-transfer-encoding")
        if not value:
            return ""
        words = decode_words(value.decode("ascii", "replace")).lower().split(";")[0].split()
        return words[0].strip("\"'") if words else ""

    def content(self) -> bytes:
        """Return the octets without their transfer encoding."""
        return decode_transfer(self.source[self.start : self.end], self.encoding)


@dataclass(frozen=True, slots=True)
class Structure:
    """A whole mail: its headers, its leaves in order, and warnings about oddities."""

    headers: Headers
    root: Part
    leaves: tuple[Part, ...]
    warnings: frozenset[str]


def read_structure(raw: bytes, limits: Limits = DEFAULT_LIMITS) -> Structure:
    """Split a mail into its parts.

    A multipart without its delimiters is a text leaf; message/rfc822 is a leaf.

    Raises:
        UnparsableMailError: The mail exceeds a limit of octets, parts or depth.
    """
    refuse_above(limits.raw_octets, len(raw), "octets")
    if raw.find(b"\n") < 0:
        raw = raw.replace(b"\r", b"\n")
    headers, body = read_mail_headers(raw, limits.header_octets)
    root = _part(headers, raw, body, len(raw), parent=None)
    warnings: set[str] = set()
    leaves = tuple(_leaves(root, limits, warnings))
    return Structure(headers, root, leaves, frozenset(warnings))


def _leaves(root: Part, limits: Limits, warnings: set[str]) -> Iterator[Part]:
    waiting = [root]
    seen = leaves = 0
    while waiting:
        part = waiting.pop()
        seen += 1
        refuse_above(limits.depth, part.depth, "nested parts")
        children = _children(part, limits) if part.media_type.startswith("multipart/") else []
        refuse_above(limits.parts, seen + len(waiting) + len(children), "parts")
        if children:
            waiting += reversed(children)
        else:
            warnings.update(_oddities(part))
            yield _as_leaf(part, leaves)
            leaves += 1


def _oddities(part: Part) -> Iterator[str]:
    if part.media_type.startswith("multipart/"):
        yield "missing-boundary"
    if part.headers.malformed:
        yield "malformed-header-line"
    if part.headers.cut:
        yield "header-cut"
    if not is_known(part.encoding):
        yield "unknown-transfer-encoding"


def _as_leaf(part: Part, index: int) -> Part:
    if not part.media_type.startswith("multipart/"):
        return replace(part, index=index)
    is_html = _HTML.match(part.source, part.start, part.end) is not None
    return replace(part, index=index, media_type="text/html" if is_html else "text/plain")


def _part(headers: Headers, source: bytes, start: int, end: int, parent: Part | None) -> Part:
    content_type = _content_type(headers, source, start, end)
    charset = content_type.get("charset")
    media_type = content_type.media_type
    if media_type is None:
        is_multipart = _is_multipart(content_type, headers, source, start, end)
        media_type = "multipart/mixed" if is_multipart else _default_type(headers, parent)
    return Part(
        headers,
        content_type,
        parse_parameters(headers.first("content-disposition")),
        source,
        start,
        end,
        media_type,
        depth=parent.depth + 1 if parent else 0,
        alternative=_alternative(parent),
        charset=charset or (parent.charset if parent else ""),
    )


def _content_type(headers: Headers, source: bytes, start: int, end: int) -> ParameterisedValue:
    """Return the first valid Content-Type; of several, one whose boundary occurs in the part."""
    values = headers.every("content-type")
    if len(values) <= 1:
        return parse_parameters(values[0] if values else None)
    types = [parse_parameters(value) for value in filter(None, values[:_MOST_TYPES])]
    for one in types:
        boundary = one.get("boundary").encode("utf-8")
        if boundary and source.find(b"--" + boundary, start, end) >= 0:
            return one
    sound = (one for one in types if one.media_type)
    return next(sound, types[0] if types else ParameterisedValue())


def _is_multipart(
    content_type: ParameterisedValue, headers: Headers, source: bytes, start: int, end: int
) -> bool:
    """Say whether a part with an invalid Content-Type has parts."""
    if content_type.main.startswith("multipart") or content_type.get("boundary"):
        return True
    found = _DELIMITER.match(source, start, end)
    return headers.first("content-type") is not None and found is not None and bool(found[2])


def _default_type(headers: Headers, parent: Part | None) -> str:
    if declared := headers.first("content-type"):
        return "text/html" if declared.strip().lower().startswith(b"html") else "text/plain"
    return "message/rfc822" if parent and parent.media_type == "multipart/digest" else "text/plain"


def _alternative(parent: Part | None) -> int | None:
    if parent is None:
        return None
    if parent.alternative is None and parent.media_type == "multipart/alternative":
        return parent.start
    return parent.alternative


def _children(part: Part, limits: Limits) -> list[Part]:
    boundary = part.content_type.get("boundary").encode("utf-8")
    return _split(part, boundary, limits) or _split_anyway(part, limits)


def _split_anyway(part: Part, limits: Limits) -> list[Part]:
    """Look for parts in the decoded content, or at a guessed boundary."""
    boundary = part.content_type.get("boundary").encode("utf-8")
    if part.encoding in _OPAQUE_ENCODINGS:
        decoded = part.content()
        return _split_range(part, decoded, 0, len(decoded), boundary, limits)
    guessed = _guess_boundary(part.source, part.start, part.end)
    return _split(part, guessed, limits) if guessed else []


def _guess_boundary(source: bytes, start: int, end: int) -> bytes:
    found = list(islice(_DELIMITER.finditer(source, start, end), _MOST_GUESSES))
    for one in found:
        if one[2]:
            return one[1].rstrip()
    # Before a part without headers, a delimiter counts only if its closing form follows.
    for one in found[:_MOST_SEARCHES]:
        boundary = one[1].rstrip()
        if source.find(b"\n--" + boundary + b"--", one.end() - 1, end) >= 0:
            return boundary
    return b""


def _split(part: Part, boundary: bytes, limits: Limits) -> list[Part]:
    return _split_range(part, part.source, part.start, part.end, boundary, limits)


def _split_range(
    parent: Part, source: bytes, start: int, end: int, boundary: bytes, limits: Limits
) -> list[Part]:
    children: list[Part] = []
    for part_start, part_end in _regions(source, start, end, boundary):
        headers, body = read_headers(source, part_start, part_end, limits.header_octets)
        children.append(_part(headers, source, body, part_end, parent))
        refuse_above(limits.parts, len(children), "parts")
    return children


def _regions(source: bytes, start: int, end: int, boundary: bytes) -> Iterator[tuple[int, int]]:
    """Yield start and end of each part between the delimiter lines of a multipart."""
    if not boundary.strip():
        return
    delimiter = re.compile(rb"\n--" + re.escape(boundary.rstrip()) + rb"(--)?[ \t]*+\r*+(?=\n|\Z)")
    opened: int | None = _opening(source, start, end, boundary)
    for found in delimiter.finditer(source, max(start - 1, 0), end):
        if opened is not None and opened < found.start():
            yield opened, _before_line_end(source, opened, found.start())
        opened = None if found[1] else min(found.end() + 1, end)
    if opened is not None:
        yield opened, end


def _opening(source: bytes, start: int, end: int, boundary: bytes) -> int | None:
    """Return the start of the first part if the mail begins with a delimiter."""
    if start or not source.startswith(b"--" + boundary):
        return None
    line_end = source.find(b"\n", start, end)
    return line_end + 1 if line_end >= 0 else None


def _before_line_end(source: bytes, start: int, newline: int) -> int:
    ends_crlf = newline > start and source[newline - 1 : newline] == b"\r"
    return max(start, newline - ends_crlf)
