"""Decodes encoded words (RFC 2047). Adjacent ones are joined first: mail splits characters."""

import binascii
import re
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Final

from shared.mail.limits import DEFAULT_LIMITS
from shared.mail.mime.charsets import decode, decode_raw, is_one_octet_a_character, reads_as
from shared.mail.mime.transfer import decode_base64

# The encoded text ends at the next word at the latest, so matching is linear.
_ENCODED: Final = r"(?:[^?=]++|=(?!\?[^=\s?])|\?(?!=))*+"
_ENDLESS: Final = r"""[^?\s<>,;"@()]++"""
_BEGINNING: Final = r"=\?([^?\s]{1,60})\?([bBqQ])\?"
_WORD: Final = re.compile(rf"{_BEGINNING}(?:({_ENCODED})\?=|({_ENDLESS})\??+)")
_RAW_WORD: Final = re.compile(rf"{_BEGINNING}({_ENCODED})\?=".encode())
_NOT_PLAIN: Final = re.compile(rb"[^!-<>@-^`-~]")
_NOT_ASCII: Final = re.compile(rb"[\x80-\xff]")
_QUOTED_OCTET: Final = re.compile(r"=[0-9A-F]{2}")
"""Never in base64: a word that declares `b` and has this is quoted-printable."""
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_SPACES: Final = re.compile(r"\s+")

WORD: Final = rf"=\?[^?\s]{{1,60}}\?[bBqQ]\?(?:{_ENCODED}\?=|{_ENDLESS}\??+)"
"""The pattern of one encoded word, without groups. A word without its end has no blanks."""


@dataclass(frozen=True, slots=True)
class _Word:
    charset: str
    encoding: str
    encoded: str


def decode_value(
    value: bytes | None, *, charset: str = "", words: int = DEFAULT_LIMITS.encoded_words
) -> str:
    """Return an unstructured header value as one line of text.

    Raw 8-bit text is decoded as UTF-8, else in `charset`, which the body declares. The value is cut
    after `words` encoded words.
    """
    if value is None:
        return ""
    beginnings = re.finditer(rb"=\?", value)
    end = next((found.start() for found in islice(beginnings, words, None)), None)
    return one_line(decode_words(read_raw(value[:end], charset)))


def read_raw(value: bytes, charset: str = "") -> str:
    """Return a header value as text with its encoded words still encoded.

    Raw octets inside an encoded word are in that word's charset.
    """
    if not value.isascii() and value.find(b"=?") >= 0:
        value = _RAW_WORD.sub(_spell_out, value)
    return decode_raw(value, charset)


def _spell_out(word: re.Match[bytes]) -> bytes:
    """Return an encoded word with raw octets as one of ASCII only."""
    charset, encoded = word[1], word[3]
    if encoded.isascii():
        return word[0]
    if is_one_octet_a_character(charset.decode("latin-1")) and reads_as(encoded, "utf-8"):
        charset = b"utf-8"
    # Base64 has no raw octets, so it is read as quoted-printable.
    special = _NOT_ASCII if word[2] in b"qQ" else _NOT_PLAIN
    escaped = special.sub(lambda octet: b"=%02X" % ord(octet[0]), encoded)
    return b"=?%s?Q?%s?=" % (charset, escaped)


def one_line(text: str) -> str:
    """Return the text with each run of blanks and control characters as a single blank."""
    if text.isprintable():
        # A printable text has no control characters, and only the ASCII blank.
        return " ".join(text.split())
    return _SPACES.sub(" ", _CONTROLS.sub(" ", text)).strip()


def decode_words(text: str) -> str:
    """Return the text with encoded words decoded, and without blanks between adjacent ones."""
    if "=?" not in text:
        return text
    pieces = _WORD.split(text)
    out = [pieces[0]]
    run: list[_Word] = []
    columns = (pieces[n::5] for n in (1, 2, 3, 4, 5))
    for charset, encoding, encoded, endless, after in zip(*columns, strict=True):
        known = charset.partition("*")[0].lower()
        run.append(_Word(known, encoding.lower(), encoded or endless or ""))
        if after and not after.isspace():
            out += (_decode_run(run), after)
            run = []
    return "".join((*out, _decode_run(run), pieces[-1] if run and len(pieces) > 1 else ""))


def _decode_run(run: list[_Word]) -> str:
    return "".join(
        _decode_group(list(group), charset)
        for charset, group in groupby(run, key=lambda word: word.charset)
    )


def _decode_group(words: list[_Word], charset: str) -> str:
    joined = b"".join(_octets(words))
    if any(word.encoding == "b" and len(word.encoded) % 4 for word in words):
        # Either base64 was split inside a quantum, or padding is missing: try both.
        apart = b"".join(octets for word in words for octets in _octets([word]))
        if not reads_as(joined, charset) and reads_as(apart, charset):
            return decode(apart, charset)
    return decode(joined, charset)


def _octets(words: list[_Word]) -> list[bytes]:
    """Decode words of one charset; a base64 quantum may continue in the next word."""
    out: list[bytes] = []
    held = ""
    for word in words:
        if word.encoding == "q" or _QUOTED_OCTET.search(word.encoded):
            if held:
                out.append(decode_base64(held.encode("utf-8")))
                held = ""
            out.append(_decode_q(word.encoded))
        else:
            held += "".join(word.encoded.split())
            if held.endswith("=") or len(held) % 4 == 0:
                out.append(decode_base64(held.encode("utf-8")))
                held = ""
    return [*out, decode_base64(held.encode("utf-8"))]


def _decode_q(encoded: str) -> bytes:
    return binascii.a2b_qp(encoded.encode("utf-8"), header=True)
