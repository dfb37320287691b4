"""The paragraphs of a stretch of lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from shared.mail.sections.lines import Line

_LONGEST: Final = 6_000


@dataclass(frozen=True, slots=True)
class Paragraph:
    """`count` lines from line `first` without an empty one between them, and their words."""

    first: int
    count: int
    words: str


def split_paragraphs(lines: Sequence[Line], first: int, last: int) -> list[Paragraph]:
    """Return the paragraphs of `lines[first:last]`."""
    found: list[Paragraph] = []
    begin = first
    for at in range(first, last + 1):
        if at < last and lines[at].words:
            continue
        if at > begin:
            words = " ".join([line.words for line in lines[begin:at]])
            found.append(Paragraph(begin, at - begin, words[:_LONGEST]))
        begin = at + 1
    return found
