"""Range requests for one range of bytes (RFC 9110 section 14)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.gateway.errors import RequestError, Situation

_ONE_RANGE: Final = re.compile(r"bytes\s*=\s*(\d{0,18})-(\d{0,18})", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes `first` to `last`, counted from 0, both included."""

    first: int
    last: int

    @property
    def size(self) -> int:
        """The number of bytes."""
        return self.last - self.first + 1


def requested_span(headers: Mapping[str, str], tag: str, size: int) -> Span | None:
    """Return the requested range; None for the whole document.

    A Range is ignored where it is malformed, names several ranges, or is for another version
    (If-Range).

    Raises:
        RequestError: The range begins after the end (416, with the size).
    """
    if headers.get("if-range", tag).strip() != tag:
        return None
    found = _ONE_RANGE.fullmatch(headers.get("range", "").strip())
    if found is None or not any(found.groups()):
        return None
    first, last = found.groups()
    if first and last and int(last) < int(first):
        return None
    span = _span(first, last, size)
    if span.first > span.last:
        raise RequestError(
            Situation.RANGE_REFUSED,
            f"the document has only {size} bytes",
            headers={"Content-Range": f"bytes */{size}"},
        )
    return span


def _span(first: str, last: str, size: int) -> Span:
    if not first:
        return Span(max(0, size - int(last)), size - 1)
    return Span(int(first), min(int(last), size - 1) if last else size - 1)
