"""RFC 2047: text in headers, joined before decoding: real mail splits characters."""

import binascii
import re
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from shared.mail.charsets import decode, decode_raw
from shared.mail.limits import DEFAULT_LIMITS, refuse_above
from shared.mail.transfer import decode_base64

_WORD: Final = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_SPACES: Final = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class _Word:
    charset: str
    encoding: str
    encoded: str


def decode_value(
    value: bytes | None, *, charset: str = "", words: int = DEFAULT_LIMITS.encoded_words
) -> str:
    """Return an unstructured header value as one line of text.

    Raw 8-bit text is read as UTF-8, else in `charset`, the one that the body declares.
    Raises `UnparsableMailError` when the value holds more encoded words than allowed.
    """
    if value is None:
        return ""
    text = decode_raw(value, charset)
    refuse_above(words, text.count("=?"), "encoded words in a header")
    return one_line(decode_words(text))


def one_line(text: str) -> str:
    """Return the text with runs of blanks and control characters as single blanks."""
    return _SPACES.sub(" ", _CONTROLS.sub(" ", text)).strip()


def decode_words(text: str) -> str:
    """Return the text with its encoded words decoded; blanks between adjacent words vanish."""
    if "=?" not in text:
        return text
    pieces = _WORD.split(text)
    out = [pieces[0]]
    run: list[_Word] = []
    columns = (pieces[n::4] for n in (1, 2, 3, 4))
    for charset, encoding, encoded, after in zip(*columns, strict=True):
        run.append(_Word(charset.partition("*")[0].lower(), encoding.lower(), encoded))
        if after and not after.isspace():
            out += (_decode_run(run), after)
            run = []
    return "".join((*out, _decode_run(run), pieces[-1] if run and len(pieces) > 1 else ""))


def _decode_run(run: list[_Word]) -> str:
    return "".join(
        decode(b"".join(_octets(list(group))), charset)
        for charset, group in groupby(run, key=lambda word: word.charset)
    )


def _octets(words: list[_Word]) -> list[bytes]:
    """Decode words of one charset; base64 cut inside a quantum goes on in the next word."""
    out: list[bytes] = []
    held = ""
    for word in words:
        if word.encoding == "q":
            out += (decode_base64(held.encode("utf-8")), _decode_q(word.encoded))
            held = ""
        else:
            held += word.encoded.strip()
            if held.endswith("=") or len(held) % 4 == 0:
                out.append(decode_base64(held.encode("utf-8")))
                held = ""
    return [*out, decode_base64(held.encode("utf-8"))]


def _decode_q(encoded: str) -> bytes:
    return binascii.a2b_qp(encoded.encode("utf-8"), header=True)
