"""Writes header fields as octets (RFC 5322), and encodes any text as ASCII.

The standard library is not used: some of its versions decode an encoded word that stands in a
text, and write the line breaks that it holds as they are.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from shared.domain.errors import Refused

LONGEST_LINE: Final = 76
"""The limit of a line with encoded words (RFC 2047). Other lines stay within it if they can."""

_NAME: Final = rb"[A-Za-z][A-Za-z-]*:"
_VALUE: Final = rb"[^\x00-\x20\x7f][^\x00-\x1f\x7f]*"
_FIRST_LINE: Final = re.compile(rb"%s (?:%s)?" % (_NAME, _VALUE))
_NEXT_LINE: Final = re.compile(rb" +%s" % _VALUE)
# RFC 5322, 2.1.1.
_LONGEST_ON_THE_WIRE: Final = 998

_BREAKS: Final = re.compile(r"[\r\n\0]")
_CONTROLS: Final = re.compile(r"[\x01-\x1f\x7f-\x9f\u2028\u2029]")
_ENCODED: Final = "=?"
_PLAIN_TEXT: Final = re.compile(r"(?:[!-~]{1,60}(?: +[!-~]{1,60})*)?")
_WORD: Final = re.compile(r" *[^ ]+")
_QUOTABLE: Final = re.compile(r"[ -~]{0,60}")
_PHRASE: Final = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?: [\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
_SPECIAL: Final = re.compile(r'(["\\])')
_UNCHANGED: Final = re.compile(r"[A-Za-z0-9!*+/-]")
"""The characters that Q encoding leaves as they are, also in a display name (RFC 2047, 5)."""
# With `=?utf-8?q?` and `?=` an encoded word stays below 75 characters (RFC 2047, 2).
_ROOM_IN_A_WORD: Final = 52
_ROOM_IN_A_PIECE: Final = 48


class UnsendableMailError(Refused):
    """The mail lacks a required part, or holds something that a mail may not contain."""


@dataclass(frozen=True, slots=True)
class Field:
    """A header field: its name, and its value line by line."""

    name: str
    lines: tuple[str, ...]


def block(fields: Iterable[Field]) -> bytes:
    """Return fields as octets, each line with CRLF.

    Every header of composition is written here. The check prevents header injection: a line break
    inside a line, a NUL or an empty line could turn text into a header or a body.

    Raises:
        UnsendableMailError: A line is too long or holds characters that a header may not.
    """
    return b"".join(b"%s\r\n" % line for one in fields for line in _lines(one))


def _lines(field: Field) -> Iterator[bytes]:
    first, *others = field.lines
    yield _checked(f"{field.name}: {first}", _FIRST_LINE)
    for line in others:
        yield _checked(f" {line}", _NEXT_LINE)


def _checked(line: str, allowed: re.Pattern[bytes]) -> bytes:
    try:
        octets = line.encode()
    except UnicodeEncodeError as error:
        raise UnsendableMailError(
            "a header holds an incomplete character: type it again"
        ) from error
    if len(octets) > _LONGEST_ON_THE_WIRE or not allowed.fullmatch(octets):
        raise UnsendableMailError("a header cannot be written: write the subject and names anew")
    return octets


def text_field(name: str, text: str) -> Field:
    """Return a field with a text as its value, encoded if necessary.

    Raises:
        UnsendableMailError: The text is on several lines.
    """
    text = _on_one_line(text)
    if _ENCODED in text or not _PLAIN_TEXT.fullmatch(text):
        return Field(name, _encoded_words(text))
    return Field(name, _wrapped(text, LONGEST_LINE - len(name) - 2))


def phrase(name: str) -> tuple[str, ...]:
    """Return the display name of an address, line by line.

    Raises:
        UnsendableMailError: The name is on several lines.
    """
    name = _on_one_line(name)
    if _ENCODED in name or not _QUOTABLE.fullmatch(name):
        return _encoded_words(name)
    return (name,) if _PHRASE.fullmatch(name) else (_quoted_string(name),)


def parameter(name: str, value: str) -> tuple[str, ...]:
    """Return a parameter of a MIME field, line by line (RFC 2231 where it is not plain).

    Raises:
        UnsendableMailError: The value is on several lines.
    """
    value = _on_one_line(value)
    if _ENCODED not in value and _QUOTABLE.fullmatch(value):
        return (f"{name}={_quoted_string(value)}",)
    pieces = [_in_percent(one) for one in _cut(value, _length_in_percent, _ROOM_IN_A_PIECE)]
    if len(pieces) == 1:
        return (f"{name}*=utf-8''{pieces[0]}",)
    numbered = [f"{name}*{number}*={piece}" for number, piece in enumerate(pieces)]
    numbered[0] = f"{name}*0*=utf-8''{pieces[0]}"
    return (*(f"{one};" for one in numbered[:-1]), numbered[-1])


def _on_one_line(text: str) -> str:
    """Return a text with control characters replaced by blanks: some readers end lines at them.

    Raises:
        UnsendableMailError: The text holds CR, LF or NUL.
    """
    if _BREAKS.search(text):
        raise UnsendableMailError("a name or the subject is on several lines: write it on one")
    return _CONTROLS.sub(" ", text)


def _wrapped(text: str, room_on_first: int) -> tuple[str, ...]:
    lines = [""]
    for word in _WORD.findall(text):
        room = room_on_first if len(lines) == 1 else LONGEST_LINE - 1
        if lines[-1] and len(lines[-1]) + len(word) > room:
            lines.append(word.removeprefix(" "))
        else:
            lines[-1] += word
    return tuple(lines)


def _quoted_string(text: str) -> str:
    return '"' + _SPECIAL.sub(r"\\\1", text) + '"'


def _encoded_words(text: str) -> tuple[str, ...]:
    """Return a text as encoded words (RFC 2047), each of whole characters."""
    if sum(map(_length_in_q, text)) * 3 <= len(text.encode()) * 4:
        pieces = _cut(text, _length_in_q, _ROOM_IN_A_WORD)
        return tuple(f"=?utf-8?q?{''.join(map(_in_q, one))}?=" for one in pieces)
    pieces = _cut(text, _length_in_utf8, _ROOM_IN_A_WORD * 3 // 4)
    return tuple(f"=?utf-8?b?{b64encode(one.encode()).decode()}?=" for one in pieces)


def _cut(text: str, length: Callable[[str], int], room: int) -> Iterator[str]:
    piece, taken = "", 0
    for character in text:
        if taken + length(character) > room:
            yield piece
            piece, taken = "", 0
        piece += character
        taken += length(character)
    yield piece


def _in_q(character: str) -> str:
    if character == " ":
        return "_"
    if _UNCHANGED.fullmatch(character):
        return character
    return "".join(f"={octet:02X}" for octet in character.encode())


def _in_percent(text: str) -> str:
    return quote(text, safe="")


def _length_in_q(character: str) -> int:
    return len(_in_q(character))


def _length_in_percent(character: str) -> int:
    return len(_in_percent(character))


def _length_in_utf8(character: str) -> int:
    return len(character.encode())
