"""Reads TNEF, the file winmail.dat of Outlook (MS-OXTNEF): its files and its words."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from shared.mail.limits import refuse_above
from shared.mail.mime.charsets import decode
from shared.mail.mime.rtf import DamagedRtfError, text_of_rtf, unpack

_SIGNATURE: Final = 0x223E9F78
_BEGIN: Final = struct.Struct("<IH")
_ATTRIBUTE: Final = struct.Struct("<BII")
_CHECKSUM: Final = 2
_OF_ATTACHMENT: Final = 2
_UINT: Final = struct.Struct("<I")
_TAG: Final = struct.Struct("<HH")
_GUID: Final = 16

_RENDERING: Final = 0x9002
_TITLE: Final = 0x8010
_DATA: Final = 0x800F
_ATTACHMENT_PROPERTIES: Final = 0x9005
_MESSAGE_PROPERTIES: Final = 0x9003
_BODY: Final = 0x800C
_CODE_PAGE: Final = 0x9007

_LONG_NAME: Final = 0x3707
_CONTENT: Final = 0x3701
_TEXT: Final = 0x1000
_HTML: Final = 0x1013
_RTF: Final = 0x1009
_DEEPEST: Final = 3
"""How many messages inside each other are opened; a deeper one is a file."""

_MANY: Final = 0x1000
_STRING: Final = 0x001E
_UNICODE: Final = 0x001F
_OBJECT: Final = 0x000D
_OF_ANY_LENGTH: Final = frozenset({_OBJECT, _STRING, _UNICODE, 0x0102})
_SIZES: Final = {0x05: 8, 0x06: 8, 0x07: 8, 0x14: 8, 0x40: 8, 0x48: 16}
_NAMED: Final = 0x8000


class _DamagedError(Exception):
    """The octets end too early, or are no TNEF."""


@dataclass(slots=True)
class TnefContent:
    """The content of a winmail.dat: names and octets of files, words as text and as HTML.

    The words of a message inside it are a file, and its files are among the files. `is_whole` is
    false where it is damaged; the parts before the damage are there.
    """

    files: list[tuple[bytes, bytes]] = field(default_factory=list)
    text: str = ""
    html: str = ""
    is_whole: bool = True


def is_tnef(octets: bytes) -> bool:
    """Say whether octets begin as TNEF does."""
    return octets.startswith(_UINT.pack(_SIGNATURE))


def read_tnef(octets: bytes, most: int) -> TnefContent:
    """Return what TNEF has in it.

    Each octet is read a bounded number of times.

    Raises:
        UnparsableMailError: It has more than `most` files.
    """
    return _read(octets, most, 0)


def _read(octets: bytes, most: int, depth: int) -> TnefContent:
    reader = _Reader(TnefContent(), most, depth)
    try:
        for level, tag, value in _attributes(octets):
            reader.read(level, tag, value)
            refuse_above(most, len(reader.content.files) + 1, "files in winmail.dat")
    except _DamagedError:
        reader.content.is_whole = False
    reader.finish()
    reader.read_rtf()
    return reader.content


@dataclass(slots=True)
class _Reader:
    """Collects the content; an attachment is finished when the next one begins."""

    content: TnefContent
    most: int
    depth: int
    charset: str = "windows-1252"
    rtf: bytes = b""
    name: bytes = b""
    octets: bytes | None = None

    def read(self, level: int, tag: int, value: memoryview) -> None:
        if tag == _CODE_PAGE and len(value) >= _UINT.size:
            self.charset = f"cp{_UINT.unpack_from(value)[0]}"
        elif tag == _RENDERING:
            self.finish()
        elif tag == _TITLE and level == _OF_ATTACHMENT:
            self.name = self.name or self._decoded(bytes(value)).encode()
        elif tag == _DATA:
            self.octets = bytes(value)
        elif tag == _BODY:
            self.content.text = self._decoded(bytes(value))
        elif tag in {_ATTACHMENT_PROPERTIES, _MESSAGE_PROPERTIES}:
            for kind, property_id, octets in _properties(value):
                self._take_property(kind, property_id, octets)

    def finish(self) -> None:
        """Put the attachment that was read last into the content."""
        if self.octets is not None:
            self.content.files += self._files(self.name, self.octets)
        self.name, self.octets = b"", None

    def _files(self, name: bytes, octets: bytes) -> list[tuple[bytes, bytes]]:
        """Return an attachment, or what a message that is attached has in it."""
        if not is_tnef(octets) or self.depth >= _DEEPEST:
            return [(name, octets)]
        inner = _read(octets, self.most - len(self.content.files), self.depth + 1)
        self.content.is_whole = self.content.is_whole and inner.is_whole
        words = [(b".txt", inner.text), (b".html", inner.html)]
        shown = next(((end, one) for end, one in words if one.strip()), None)
        # A text with its mark of order is read as UTF-8 by every program.
        own = [(name + shown[0], b"\xef\xbb\xbf" + shown[1].encode())] if shown else []
        return [*own, *inner.files] or [(name, octets)]

    def read_rtf(self) -> None:
        """Have the words of RTF where there are no others."""
        if not self.rtf or self.content.text.strip() or self.content.html.strip():
            return
        try:
            self.content.text = text_of_rtf(unpack(self.rtf))
        except DamagedRtfError:
            self.content.is_whole = False

    def _take_property(self, kind: int, property_id: int, octets: bytes) -> None:
        if property_id == _LONG_NAME:
            self.name = self._string(kind, octets).encode()
        elif property_id == _CONTENT:
            # An object begins with the GUID of its kind.
            self.octets = octets[_GUID:] if kind == _OBJECT else octets
        elif property_id == _TEXT:
            self.content.text = self._string(kind, octets)
        elif property_id == _RTF:
            self.rtf = octets
        elif property_id == _HTML:
            self.content.html = decode(octets, self.charset).rstrip("\0")

    def _string(self, kind: int, octets: bytes) -> str:
        if kind == _UNICODE:
            return octets.decode("utf-16-le", "replace").rstrip("\0")
        return self._decoded(octets)

    def _decoded(self, octets: bytes) -> str:
        return decode(octets.split(b"\0", 1)[0], self.charset)


def _attributes(octets: bytes) -> Iterator[tuple[int, int, memoryview]]:
    """Yield level, tag and value of each attribute."""
    view = memoryview(octets)
    if len(octets) < _BEGIN.size or not is_tnef(octets):
        raise _DamagedError
    at = _BEGIN.size
    while at < len(octets):
        if at + _ATTRIBUTE.size > len(octets):
            raise _DamagedError
        level, tag, size = _ATTRIBUTE.unpack_from(octets, at)
        begin = at + _ATTRIBUTE.size
        if begin + size + _CHECKSUM > len(octets):
            raise _DamagedError
        yield level, tag & 0xFFFF, view[begin : begin + size]
        at = begin + size + _CHECKSUM


def _properties(view: memoryview) -> Iterator[tuple[int, int, bytes]]:
    """Yield type, id and the first value of each MAPI property."""
    count, at = _uint(view, 0)
    for _ in range(count):
        if at + _TAG.size > len(view):
            raise _DamagedError
        kind, property_id = _TAG.unpack_from(view, at)
        at += _TAG.size
        if property_id >= _NAMED:
            at = _after_name(view, at)
        values = 1
        if kind & _MANY or kind in _OF_ANY_LENGTH:
            values, at = _uint(view, at)
        kind &= ~_MANY
        first: bytes | None = None
        for _ in range(values):
            size = _SIZES.get(kind, 4)
            if kind in _OF_ANY_LENGTH:
                size, at = _uint(view, at)
            padded = (size + 3) // 4 * 4
            if at + size > len(view):
                raise _DamagedError
            first = bytes(view[at : at + size]) if first is None else first
            at += padded
        if first is not None:
            yield kind, property_id, first


def _after_name(view: memoryview, at: int) -> int:
    """Return the offset after the name of a named property."""
    is_string, at = _uint(view, at + _GUID)
    if not is_string:
        return _uint(view, at)[1]
    size, at = _uint(view, at)
    return at + (size + 3) // 4 * 4


def _uint(view: memoryview, at: int) -> tuple[int, int]:
    if at + _UINT.size > len(view):
        raise _DamagedError
    return _UINT.unpack_from(view, at)[0], at + _UINT.size
