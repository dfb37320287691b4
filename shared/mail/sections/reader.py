"""Divides the text of a mail into sections, in linear time."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from shared.domain.text_sections import Kind, Section
from shared.mail.sections.attributions import MOST_LINES, attribution_at, next_ends
from shared.mail.sections.endings import ending_kinds
from shared.mail.sections.header_blocks import HeaderBlock, header_block_at, possible_starts
from shared.mail.sections.lines import Line, next_words, split_lines

_OTHER_MARKS: Final = re.compile(r"[|}:#%]\s")
_RULE: Final = re.compile(r"[-_=*~\u2013\u2014\u2500]{3,}\Z")
_MOST_BLANKS: Final = 3
_LONG_QUOTED_LINE: Final = 55
_LONGEST_REST: Final = 45
_LOOKED_AT: Final = 100_000
MOST_SECTIONS: Final = 200
"""Sections that are stored of one mail; real mails have fewer than fifty."""

_SENTENCE_ENDS: Final = (".", "!", "?", ":", "-", ";")


def bounded_sections(text: str, most: int = MOST_SECTIONS) -> tuple[Section, ...]:
    """Return at most so many sections, found in bounded time.

    Text beyond them is one new section to the end. Of a longer text than 100,000 characters the
    last section goes on to the end.
    """
    found = sections(text[:_LOOKED_AT])
    if len(text) > _LOOKED_AT:
        found[-1] = replace(found[-1], end=len(text))
    if len(found) <= most:
        return tuple(found)
    rest = Section(Kind.NEW, found[most - 1].start, len(text))
    return (*found[: most - 1], rest)


def sections(text: str) -> list[Section]:
    """Return the sections of a text in order; together they are the whole text, without a gap.

    Offsets count Python's characters. Blank lines belong to the section before them. Where the
    sender wrote nothing above a forwarded mail, that mail's own new words are new.
    """
    lines = split_lines(text)
    reader = _Reader(lines, possible_starts(lines, text))
    reader.read()
    return list(_merged(reader.spans(), len(text)))


@dataclass(slots=True)
class _Reader:
    """Gives each line a kind; `splits` are lines that change their kind at an offset.

    A header block may begin in a line only where `may_begin` says so.
    """

    lines: list[Line]
    may_begin: list[bool]
    kinds: list[Kind] = field(default_factory=list)
    splits: dict[int, int] = field(default_factory=dict)
    depth: int = 0
    has_new: bool = False
    _pending: int = 0
    _shallowest: list[int] = field(default_factory=list)

    def read(self) -> None:
        lines = self.lines
        self.kinds = [Kind.NEW] * len(lines)
        ends = next_ends(lines)
        at = 0
        while at < len(lines):
            line = lines[at]
            if not line.words and line.depth <= self.depth:
                at += 1
            elif line.depth > self.depth:
                at = self._take_quoted(at)
            elif self.may_begin[at] and (block := header_block_at(lines, at)):
                at = self._take_block(at, block)
            elif (ends[at] < at + MOST_LINES or "@" in line.words) and (
                found := attribution_at(lines, at)
            ):
                at = self._take_attribution(at, found.start, found.end, proven=found.is_proven)
            else:
                at += 1
        self._end_new(len(lines))

    def _take_quoted(self, at: int) -> int:
        self._end_new(at)
        end = at + 1
        while end < len(self.lines) and (
            self.lines[end].depth > self.depth or self._is_rest_of_quoted(end)
        ):
            end += 1
        return self._mark(at, end, Kind.QUOTED)

    def _is_rest_of_quoted(self, at: int) -> bool:
        """Say whether a line without a mark is the rest of a quoted line that was wrapped."""
        if at + 1 >= len(self.lines) or not self.lines[at].words:
            return False
        before, line, after = self.lines[at - 1 : at + 2]
        return (
            before.depth > self.depth
            and after.depth > self.depth
            and before.end - before.start > _LONG_QUOTED_LINE
            and not before.words.endswith(_SENTENCE_ENDS)
            and len(line.words) <= _LONGEST_REST
            and not line.words[0].isupper()
        )

    def _take_block(self, at: int, block: HeaderBlock) -> int:
        """Take repeated headers; what follows is quoted, unless nothing is new so far."""
        self._split(at, block.start)
        at = self._with_rule_above(at)
        self._end_new(at)
        end = self._mark(at, block.end, Kind.ATTRIBUTION)
        if not self.has_new:
            if not self._shallowest:
                self._shallowest = _shallowest(self.lines)
            if end < len(self.lines) and self._shallowest[end] > self.depth:
                self.depth = self._shallowest[end]
                follows = next_words(self.lines, end)
                inner = None
                if follows is not None and self.may_begin[follows]:
                    inner = header_block_at(self.lines, follows)
                if inner is not None:
                    end = self._mark(end, inner.end, Kind.ATTRIBUTION)
            return end
        follows = next_words(self.lines, end, len(self.lines))
        introduced = None
        if follows is not None and not block.has_headers:
            introduced = attribution_at(self.lines, follows)
        if introduced is not None:
            end = self._mark(end, introduced.end, Kind.ATTRIBUTION)
            follows = next_words(self.lines, end, len(self.lines))
        if follows is None or self.lines[follows].depth > self.depth:
            return end
        return self._mark(end, len(self.lines), Kind.QUOTED)

    def _take_attribution(self, at: int, start: int, end: int, *, proven: bool) -> int:
        self._split(at, start)
        at = self._with_rule_above(at)
        self._end_new(at)
        self._mark(at, end, Kind.ATTRIBUTION)
        follows = next_words(self.lines, end, len(self.lines))
        if follows is None or self.lines[follows].depth > self.depth:
            return end
        if (after := self._marked_otherwise(follows)) is not None:
            return self._mark(end, after, Kind.QUOTED)
        return self._mark(end, len(self.lines), Kind.QUOTED) if proven else end

    def _with_rule_above(self, at: int) -> int:
        """Return the line of dashes right above an introduction, else its first line."""
        above = at - 1
        while above > self._pending and not self.lines[above].words and above > at - _MOST_BLANKS:
            above -= 1
        is_rule = above >= self._pending and _RULE.match(self.lines[above].words)
        return above if is_rule and at not in self.splits else at

    def _marked_otherwise(self, first: int) -> int | None:
        """Return the line after a quotation with other marks than `>`, None if it has none."""
        words = self.lines[first].words
        if not _OTHER_MARKS.match(words):
            return None
        mark = words[0]
        end = first
        for at in range(first, len(self.lines)):
            if self.lines[at].words.startswith(mark):
                end = at + 1
            elif self.lines[at].words:
                break
        return end

    def _split(self, at: int, start: int) -> None:
        if start > self.lines[at].start:
            self.splits[at] = start
            self.has_new = True

    def _end_new(self, end: int) -> None:
        """Tell signatures and notices from new words in the lines since the last quotation."""
        first, self._pending = self._pending, end
        if first >= end:
            return
        self.kinds[first:end] = ending_kinds(self.lines, first, end)
        self.has_new = self.has_new or any(
            self.lines[at].words and self.kinds[at] is Kind.NEW for at in range(first, end)
        )

    def _mark(self, first: int, end: int, kind: Kind) -> int:
        self.kinds[first:end] = [kind] * (end - first)
        self._pending = end
        return end

    def spans(self) -> Iterator[tuple[Kind, int]]:
        """Yield each kind with the offset at which it begins; blank lines are left out."""
        for at, line in enumerate(self.lines):
            if not line.words and (not line.depth or self.kinds[at] is Kind.NEW):
                continue
            if at in self.splits:
                yield Kind.NEW, line.start
                yield self.kinds[at], self.splits[at]
            else:
                yield self.kinds[at], line.start


def _shallowest(lines: Sequence[Line]) -> list[int]:
    """Return for each line the least depth from it to the end, blank lines aside."""
    found = [0] * len(lines)
    least: int | None = None
    for at in range(len(lines) - 1, -1, -1):
        line = lines[at]
        if (line.words or line.depth) and (least is None or line.depth < least):
            least = line.depth
        found[at] = least or 0
    return found


def _merged(spans: Iterator[tuple[Kind, int]], length: int) -> Iterator[Section]:
    kind, start = Kind.NEW, 0
    is_first = True
    for found, at in spans:
        if is_first:
            kind, is_first = found, False
        elif found is not kind:
            yield Section(kind, start, at)
            kind, start = found, at
    if length > start:
        yield Section(kind, start, length)
