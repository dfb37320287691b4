"""Reads the text of RTF, and unpacks it as Outlook packs it (MS-OXRTFCP). Pure.

Strangers write it: each octet is looked at once, and what comes out is bounded. The usual readers
look for links by patterns that take cubic time, and unpack without a bound.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from shared.mail.mime.charsets import decode

LONGEST: Final = 1_000_000
"""Octets of RTF that are unpacked, or read."""

_PACKED: Final = b"LZFu"
_PLAIN: Final = b"MELA"
_HEADER: Final = 16
_WINDOW: Final = 4096
_FIRST: Final = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript "
    rb"\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
"""The beginning of the window (MS-OXRTFCP section 2.1.2.1)."""

_TOKEN: Final = re.compile(
    rb"\\(?P<word>[a-zA-Z]{1,32})(?P<number>-?\d{1,9})?[ ]?"
    rb"|\\'(?P<hex>[0-9a-fA-F]{2})|\\(?P<mark>.)|(?P<brace>[{}])|[\r\n]+|(?P<text>[^\\{}\r\n]+)",
    re.DOTALL,
)
_CHARACTERS: Final = {
    b"par": "\n",
    b"line": "\n",
    b"row": "\n",
    b"sect": "\n\n",
    b"page": "\n\n",
    b"tab": "\t",
    b"cell": "\t",
    b"emdash": "\N{EM DASH}",
    b"endash": "\N{EN DASH}",
    b"bullet": "\N{BULLET}",
    b"lquote": "\N{LEFT SINGLE QUOTATION MARK}",
    b"rquote": "\N{RIGHT SINGLE QUOTATION MARK}",
    b"ldblquote": "\N{LEFT DOUBLE QUOTATION MARK}",
    b"rdblquote": "\N{RIGHT DOUBLE QUOTATION MARK}",
}
_MARKS: Final = {b"~": "\N{NO-BREAK SPACE}", b"\n": "\n", b"\r": "\n", b"_": "-"}
_LITERAL: Final = b"\\{}"
_NO_TEXT: Final = frozenset(
    b"fonttbl colortbl stylesheet info pict object objdata fldinst header headerl headerr headerf "
    b"footer footerl footerr footerf listtable listoverridetable generator themedata".split()
)
_MOST_GROUPS: Final = 1_000


class DamagedRtfError(Exception):
    """It is no packed RTF, or a longer one than is read."""


def unpack(octets: bytes) -> bytes:
    """Return packed RTF as it was.

    Raises:
        DamagedRtfError: It is not packed as Outlook does, is cut off, or too long.
    """
    kind, content = octets[8:12], octets[_HEADER:]
    if kind == _PLAIN and len(content) <= LONGEST:
        return content
    if kind != _PACKED:
        raise DamagedRtfError
    return _unpacked(content)


def _unpacked(content: bytes) -> bytes:
    window = bytearray(_FIRST.ljust(_WINDOW, b" "))
    write, at, out = len(_FIRST), 0, bytearray()
    while at < len(content) and len(out) <= LONGEST:
        flags, at = content[at], at + 1
        for bit in range(8):
            if not flags >> bit & 1:
                piece, at = content[at : at + 1], at + 1
                if not piece:
                    raise DamagedRtfError
                out += piece
                window[write] = piece[0]
                write = (write + 1) % _WINDOW
                continue
            if at + 2 > len(content):
                raise DamagedRtfError
            reference, at = int.from_bytes(content[at : at + 2]), at + 2
            if reference >> 4 == write:
                return bytes(out)
            for place in range((reference & 15) + 2):
                octet = window[((reference >> 4) + place) % _WINDOW]
                out.append(octet)
                window[write] = octet
                write = (write + 1) % _WINDOW
    raise DamagedRtfError


def text_of_rtf(octets: bytes) -> str:
    """Return the text of RTF, as much of it as is there."""
    reader, at = _Reader(), 0
    octets = octets[:LONGEST]
    while found := _TOKEN.match(octets, at):
        at = found.end()
        if found["word"] == b"bin":
            at += max(0, int(found["number"] or 0))
        else:
            reader.read(found)
    return reader.end()


@dataclass(slots=True)
class _Group:
    """The state until a brace closes: whether its text is shown, and `uc`."""

    is_shown: bool = True
    replaced: int = 1


@dataclass(slots=True)
class _Reader:
    """Collects the text; octets are decoded together, because a character may have several."""

    charset: str = "windows-1252"
    group: _Group = field(default_factory=_Group)
    outer: list[_Group] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    octets: bytearray = field(default_factory=bytearray)
    to_skip: int = 0
    depth_beyond: int = 0

    def read(self, token: re.Match[bytes]) -> None:
        if brace := token["brace"]:
            self.to_skip = 0
            self._open() if brace == b"{" else self._close()
        elif word := token["word"]:
            self._take_word(word, token["number"])
        elif code := token["hex"]:
            self._take_octets(bytes.fromhex(code.decode()))
        elif text := token["text"]:
            self._take_octets(text)
        elif mark := token["mark"]:
            self._take_mark(mark)

    def end(self) -> str:
        """Return the text; halves of a character that came alone are replaced."""
        self._decode()
        joined = "".join(self.text)
        return joined.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").strip()

    def _open(self) -> None:
        if len(self.outer) >= _MOST_GROUPS:
            self.depth_beyond += 1
            return
        self.outer.append(self.group)
        self.group = _Group(self.group.is_shown, self.group.replaced)

    def _close(self) -> None:
        if self.depth_beyond:
            self.depth_beyond -= 1
        elif self.outer:
            self.group = self.outer.pop()

    def _take_word(self, word: bytes, number: bytes | None) -> None:
        value = int(number or 0)
        if word == b"u":
            self._add(chr(value & 0xFFFF))
            self.to_skip = self.group.replaced
        elif word == b"uc":
            self.group.replaced = min(max(value, 0), 10)
        elif word == b"ansicpg":
            self._decode()
            self.charset = f"cp{value}"
        elif word in _NO_TEXT:
            self.group.is_shown = False
        elif word in _CHARACTERS:
            self._add(_CHARACTERS[word])

    def _take_mark(self, mark: bytes) -> None:
        if mark == b"*":
            self.group.is_shown = False
        elif mark in _LITERAL:
            self._take_octets(mark)
        elif mark in _MARKS:
            self._add(_MARKS[mark])

    def _take_octets(self, octets: bytes) -> None:
        skipped = min(self.to_skip, len(octets))
        self.to_skip -= skipped
        if self.group.is_shown:
            self.octets += octets[skipped:]

    def _add(self, characters: str) -> None:
        if self.group.is_shown:
            self._decode()
            self.text.append(characters)

    def _decode(self) -> None:
        if self.octets:
            self.text.append(decode(bytes(self.octets), self.charset))
            self.octets.clear()
