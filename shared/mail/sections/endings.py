"""Tells new words from the signature and the notices around them."""

from collections.abc import Sequence
from typing import Final

from shared.domain.text_sections import Kind
from shared.mail.sections.lines import Line
from shared.mail.sections.notices import is_warning, notices_start
from shared.mail.sections.paragraphs import split_paragraphs
from shared.mail.sections.signatures import signature_start

_SIGNED: Final = "-----BEGIN PGP SIGNED"


def ending_kinds(lines: Sequence[Line], first: int, last: int) -> list[Kind]:
    """Return the kind of each of `lines[first:last]`, which are neither quoted nor attributions."""
    paragraphs = split_paragraphs(lines, first, last)
    begin, above = first, Kind.NEW
    if first == 0 and len(paragraphs) > 1:
        above = _kind_above(paragraphs[0].words, is_warning=is_warning(paragraphs[0]))
        if above is not Kind.NEW:
            begin = paragraphs[1].first
            paragraphs = paragraphs[1:]
    notices = notices_start(lines, paragraphs, last, is_beginning=first == 0)
    signature = signature_start(lines, begin, notices)
    return [
        *[above] * (begin - first),
        *[Kind.NEW] * (signature - begin),
        *[Kind.SIGNATURE] * (notices - signature),
        *[Kind.DISCLAIMER] * (last - notices),
    ]


def _kind_above(words: str, *, is_warning: bool) -> Kind:
    """Return the kind of the first paragraph of a mail: programs may stand above the sender."""
    if is_warning:
        return Kind.DISCLAIMER
    return Kind.SIGNATURE if words.startswith(_SIGNED) else Kind.NEW
