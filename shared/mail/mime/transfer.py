"""Decodes content transfer encodings (RFC 2045 section 6) as leniently as mail programs."""

import binascii
import re
from collections.abc import Callable
from typing import Final

from shared.mail.limits import refuse_above

_NOT_BASE64: Final = bytes(
    set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
)
_BLANKS_A_LINE: Final = 3
_PADDING: Final = re.compile(rb"=+")
_BASE64_LINES: Final = re.compile(rb"[A-Za-z0-9+/=\r\n]*\Z")
_BLANKS_AFTER_SOFT_BREAK: Final = re.compile(rb"=[ \t]{1,80}(?=\r?\n)")
_UU_BEGIN: Final = re.compile(rb"^begin [0-7]{3,4} ([^\r\n]{1,255})\r?\n", re.MULTILINE)
_UU_END: Final = re.compile(rb"^end[ \t]*\r?$", re.MULTILINE)
_UU_OCTETS: Final = bytes(range(0x20, 0x61)) + b"\r\n"


def decode_transfer(encoded: bytes, encoding: str) -> bytes:
    """Return the decoded octets; with an unknown encoding they are unchanged."""
    decoder = _DECODERS.get(encoding)
    return decoder(encoded) if decoder else encoded


def is_known(encoding: str) -> bool:
    """Say whether a transfer encoding can be decoded."""
    return encoding in _DECODERS or encoding in {"", "7bit", "8bit", "binary"}


def decode_base64(encoded: bytes) -> bytes:
    """Decode base64 without padding, with noise, or in several padded runs."""
    if encoded.count(b" ") > _BLANKS_A_LINE * (encoded.count(b"\n") + 1):
        # Many blanks a line mean words: the header says base64, but the content is plain text.
        return encoded
    head, padding, rest = encoded.partition(b"=")
    if not padding or not rest.strip(b"= \t\r\n"):
        return _decode_run(head)
    if _BASE64_LINES.match(rest) is None:
        # A mailing list appended text after the padding; it is no part of the file.
        return _decode_run(head)
    return b"".join(map(_decode_run, _PADDING.split(encoded)))


def _decode_run(encoded: bytes) -> bytes:
    clean = encoded.translate(None, _NOT_BASE64)
    if len(clean) % 4 == 1:
        clean = clean[:-1]
    return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))


def decode_quoted_printable(encoded: bytes) -> bytes:
    """Decode quoted-printable; invalid escapes stay as they are."""
    return binascii.a2b_qp(_BLANKS_AFTER_SOFT_BREAK.sub(b"=", encoded))


def decode_uuencode(encoded: bytes) -> bytes:
    """Decode the first uuencoded block, or all lines if `begin` is missing."""
    begin = _UU_BEGIN.search(encoded)
    start = begin.end() if begin else 0
    end = _UU_END.search(encoded, start)
    return _decode_uu_lines(encoded[start : end.start() if end else len(encoded)])


def split_uuencoded(text: bytes, most: int) -> tuple[bytes, tuple[tuple[bytes, bytes], ...]]:
    """Return a text without its uuencoded blocks, and the name and octets of each block.

    Raises:
        UnparsableMailError: There are more than `most` blocks.
    """
    kept: list[bytes] = []
    blocks: list[tuple[bytes, bytes]] = []
    position = 0
    begin = _UU_BEGIN.search(text) if text.find(b"begin ") >= 0 else None
    while begin and (end := _UU_END.search(text, begin.end())):
        lines = text[begin.end() : end.start()]
        if _looks_uuencoded(lines):
            refuse_above(most, len(blocks) + 1, "uuencoded files")
            kept.append(text[position : begin.start()])
            blocks.append((begin[1].strip(), _decode_uu_lines(lines)))
            position = min(end.end() + 1, len(text))
        begin = _UU_BEGIN.search(text, end.end())
    return b"".join((*kept, text[position:])), tuple(blocks)


def _looks_uuencoded(lines: bytes) -> bool:
    first = lines.split(b"\n", 1)[0].rstrip(b"\r")
    if not first or lines.translate(None, _UU_OCTETS):
        return False
    return len(first) - 1 <= (((first[0] - 0x20) & 0x3F) + 2) // 3 * 4 + 1


def _decode_uu_lines(lines: bytes) -> bytes:
    return b"".join(_decode_uu_line(line) for line in lines.splitlines() if line.strip())


def _decode_uu_line(line: bytes) -> bytes:
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        # Encoders pad the last group differently: cut the line to what its length octet says.
        wanted = (((line[0] - 0x20) & 0x3F) * 4 + 5) // 3
        return _or_nothing(line[: wanted + 1])


def _or_nothing(line: bytes) -> bytes:
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        return b""


_DECODERS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "base64": decode_base64,
    "quoted-printable": decode_quoted_printable,
    "x-uuencode": decode_uuencode,
    "uuencode": decode_uuencode,
    "x-uue": decode_uuencode,
    "uue": decode_uuencode,
}
