"""The lines of a mail's text: where they are, and how deeply they are quoted."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

LONGEST_LINE: Final = 1000
"""Characters of a line that are looked at; no mark of a mail program is longer."""

_INVISIBLE: Final = (
    "\u00ad\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
)
_AROUND: Final = " \t\r\f\v\xa0" + _INVISIBLE
_MARKS: Final = re.compile(r"(?:[ \t\xa0]{0,3}[>\N{FULLWIDTH GREATER-THAN SIGN}])++")
_QUOTES: Final = (">", "\N{FULLWIDTH GREATER-THAN SIGN}")
_FARTHEST_MARK: Final = 16
_INITIALS: Final = re.compile(r"[ \t]{0,8}[A-Z][A-Za-z]{0,3}(?:>[ \t>]*+)++(?!\Z)")


class Line(NamedTuple):
    """One line, `text[start:end]` with its line end.

    `words` is its beginning without quotation marks, blanks and invisible characters. `depth`
    counts quotation marks. `indent` counts the blanks before the words.
    """

    start: int
    end: int
    words: str
    depth: int
    indent: int

    @property
    def is_blank(self) -> bool:
        """Whether nothing is to be read in it, not even a quotation mark."""
        return not self.words and not self.depth


def split_lines(text: str) -> list[Line]:
    """Return the lines of a text, without a gap between them."""
    lines: list[Line] = []
    start, length = 0, len(text)
    for line in text.split("\n"):
        end = start + len(line) + 1
        beginning = line if len(line) <= LONGEST_LINE else line[:LONGEST_LINE]
        # Most lines begin with a word: those need no search for marks.
        if beginning[:1] > " " and beginning.isascii() and ">" not in beginning[:_FARTHEST_MARK]:
            words = beginning.rstrip(_AROUND)
            lines.append(Line(start, min(end, length), words, 0, 0))
        elif line or end <= length:
            lines.append(_line(beginning, start, min(end, length)))
        start = end
    return lines


def _line(beginning: str, start: int, end: int) -> Line:
    if ">" in beginning[:_FARTHEST_MARK] or not beginning.isascii():
        beginning = beginning.lstrip(_INVISIBLE)
        if marks := _MARKS.match(beginning):
            depth = sum(beginning.count(mark, 0, marks.end()) for mark in _QUOTES)
            return Line(start, end, beginning[marks.end() :].strip(_AROUND), depth, 0)
        if found := _INITIALS.match(beginning):
            return Line(start, end, beginning[found.end() :].strip(_AROUND), 1, 0)
    words = beginning.strip(_AROUND)
    is_indented = words and words[0] != beginning[0]
    indent = len(beginning) - len(beginning.lstrip(_AROUND)) if is_indented else 0
    return Line(start, end, words, 0, indent)


def next_words(lines: Sequence[Line], position: int, blanks: int = 2) -> int | None:
    """Return the first line at or after `position` with words, None if too many are blank."""
    for at in range(position, min(len(lines), position + blanks + 1)):
        line = lines[at]
        if line.words or line.depth:
            return at
    return None
