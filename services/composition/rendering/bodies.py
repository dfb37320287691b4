"""Encodes the text of a mail so that every server passes it on unchanged (RFC 2045).

The standard library folds a body line by line in Python, which costs many times as much.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from services.composition.rendering.attachment_parts import in_base64
from services.composition.rendering.header_fields import LONGEST_LINE

_LINE_END: Final = re.compile(r"\r\n?")
_PLAIN: Final = bytes([ord("\t"), ord("\n"), *range(ord(" "), ord("~") + 1)])
_NEVER_FIRST: Final = (b".", b"From ")
"""Some servers take a leading dot for the end of the mail, and mbox programs turn `From` into
`>From` (RFC 2049 section 3)."""
_NEVER_LAST: Final = (b" ", b"\t")
"""Some gateways remove blanks at the end of a line."""
_NEVER_WITHIN: Final = b"=_"
"""Our multipart boundaries start with it."""
_NOT_QUOTED: Final = _PLAIN.replace(b"=", b"")


@dataclass(frozen=True, slots=True)
class Body:
    """An encoded text: its Content-Transfer-Encoding, and its lines, which end with CRLF."""

    encoding: str
    octets: bytes


def encode_body(text: str) -> Body:
    """Return a text in UTF-8 and in the shortest suitable transfer encoding.

    Short lines of plain ASCII stay as they are (7bit). Other texts are quoted-printable while
    less than half of their octets must be quoted, and base64 otherwise. CR, LF and CRLF all end a
    line, and the last line is ended. The result is ASCII, has lines of at most 76 octets and does
    not contain `=_`.

    Raises:
        UnicodeEncodeError: The text holds a lone surrogate.
    """
    octets = _LINE_END.sub("\n", text).encode()
    if not octets.endswith(b"\n"):
        octets += b"\n"
    lines = octets.split(b"\n")
    if not octets.translate(None, _PLAIN) and _NEVER_WITHIN not in octets and _all_pass(lines):
        return Body("7bit", b"\r\n".join(lines))
    foreign = octets.translate(None, _NOT_QUOTED)
    if 2 * len(foreign) >= len(octets):
        return Body("base64", in_base64(b"\r\n".join(lines)))
    quoted = _quoted(octets, foreign)
    lines = [one if _passes(one) else b"=\r\n".join(_pieces(one)) for one in quoted.split(b"\n")]
    return Body("quoted-printable", b"\r\n".join(lines))


def _quoted(octets: bytes, foreign: bytes) -> bytes:
    # One `replace` for each distinct octet is faster than a regular expression with a callback.
    octets = octets.replace(b"=", b"=3D")
    for one in set(foreign) - {ord("=")}:
        octets = octets.replace(bytes([one]), b"=%02X" % one)
    return octets


def _all_pass(lines: list[bytes]) -> bool:
    return all(map(_passes, lines))


def _passes(line: bytes) -> bool:
    return (
        len(line) <= LONGEST_LINE
        and not line.startswith(_NEVER_FIRST)
        and not line.endswith(_NEVER_LAST)
    )


def _pieces(line: bytes) -> Iterator[bytes]:
    """Cut a quoted line into pieces that `_passes` accepts, never inside a quoted octet."""
    if line.endswith(_NEVER_LAST):
        line = line[:-1] + b"=%02X" % line[-1]
    at = 0
    while True:
        begin = b"=%02X" % line[at] if line.startswith(_NEVER_FIRST, at) else b""
        at += 1 if begin else 0
        room = LONGEST_LINE - len(begin)
        if len(line) - at <= room:
            yield begin + line[at:]
            return
        end = at + room - 1
        broken = line.rfind(b"=", end - 2, end)
        end = end if broken < 0 else broken
        yield begin + line[at:end]
        at = end
