"""Balances untrusted HTML, so that a parser needs only linear time for it.

A parser of HTML repairs wrong nesting. Parts of the repair take quadratic time: they go through all
open elements, all attributes and all formatting elements that were never closed. So the nesting is
repaired here first, with a bound on each of these. The result has only elements that a mail may
have; comments, scripts and styles are removed with their content.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from shared.mail.html.elements import (
    BETWEEN_CELLS,
    CELLS,
    DROPPED_WITH_CONTENT,
    ELEMENTS,
    ENLARGING,
    FORMATS,
    HEADINGS,
    INLINE,
    ITEMS,
    LINES,
    LISTS,
    OF_TABLES,
    ROWS,
    SCOPES,
    SECTIONS,
    VOID,
)
from shared.mail.html.tags import PLAIN_TAG, EndFinder, read_tag, shown_value

_LONGEST_PLAIN_TAG: Final = 1_000
_MOST_REOPENED: Final = 8
_LOOKED_BACK: Final = 30
_EXTRA_CHARACTERS: Final = 10_000
_ROWS_DEEP: Final = 3
"""Inside a table: a section, a row, a cell."""
_COUNTED: Final = SCOPES | ENLARGING
_SIMPLE: Final = ELEMENTS - OF_TABLES - VOID - ENLARGING - ITEMS.keys() - {"a"}
"""Elements without a rule of their own."""
_SIMPLE_VOID: Final = VOID - OF_TABLES - {"hr"}


class TooDeepError(Exception):
    """The elements nest deeper than allowed."""


class _Element(NamedTuple):
    name: str
    tag: str


@dataclass(slots=True)
class _Scope:
    """The scope of a table, a cell, a caption or the whole text.

    `made_at` is the index of its element, `open` the number of open elements by name. `formats` are
    formatting elements that are opened again before the next text.
    """

    made_at: int
    open: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    formats: list[_Element] = field(default_factory=list)


def balance(html: str, depth: int) -> str:
    """Return the same HTML with its elements well nested.

    Raises:
        TooDeepError: They nest deeper than `depth`.
    """
    return _Balancer(html, depth).result()


class _Balancer:
    def __init__(self, html: str, depth: int) -> None:
        self._html = html
        self._depth = depth
        self._ends = EndFinder(html)
        self._out: list[str] = []
        # The names and the tags of the open elements, which are read apart: most often the name.
        self._open: list[str] = []
        self._tags: list[str] = []
        self._scopes = [_Scope(-1)]
        self._tables: list[int] = []
        self._enlarging: Counter[bool] = Counter()
        # Reopened elements are written again. This limit lets them at most double the text.
        self._characters_left = len(html) + _EXTRA_CHARACTERS

    def result(self) -> str:
        html, position = self._html, 0
        find, match, is_simple = html.find, PLAIN_TAG.match, self._is_simple
        while (at := find("<", position)) >= 0:
            if at > position:
                self._text(html[position:at])
            found = match(html, at)
            if found is None or (end := found.end()) - at > _LONGEST_PLAIN_TAG:
                position = self._other(at)
                continue
            tag, begun, ended = found.group(0, 1, 2)
            if not begun:
                self._end(ended.lower())
                position = end
            elif (name := begun.lower()) in _SIMPLE and is_simple(name):
                self._push(name, tag)
                position = end
            elif name in _SIMPLE_VOID and is_simple(name):
                self._out.append(tag)
                position = end
            else:
                position = self._begin(name, tag, end)
        if position < len(html):
            self._text(html[position:])
        return "".join(self._out)

    def _is_simple(self, name: str) -> bool:
        """Say whether one of `_SIMPLE` begins where nothing has to be ended or begun before it."""
        scope = self._scopes[-1]
        if scope.formats or (self._open and self._open[-1] in BETWEEN_CELLS):
            return False
        return name in INLINE or name in VOID or not scope.open["p"]

    def _other(self, at: int) -> int:
        """Read an unusual tag, a comment or a bare `<`; return the position after it."""
        if tag := read_tag(self._html, at):
            name, written, position = tag
            if written:
                return self._begin(name, written, position)
            self._end(name[1:])
            return position
        if end := self._ends.of_comment(at):
            return end
        self._text("&lt;")
        return at + 1

    def _text(self, text: str) -> None:
        if self._open and self._open[-1] in BETWEEN_CELLS:
            if not text.replace("&nbsp;", "").strip():
                return
            self._make_cell()
        if self._scopes[-1].formats and not text.isspace():
            self._resume()
        self._out.append(text)

    def _begin(self, name: str, tag: str, position: int) -> int:
        """Open an element; return the position after it."""
        if name in DROPPED_WITH_CONTENT:
            return position if tag.endswith("/>") else self._ends.of_element(name, position)
        if name in OF_TABLES:
            self._begin_of_table(name, tag)
        elif name in ELEMENTS and (not self._is_between_cells() or self._leaves_rows(name)):
            self._begin_in_text(name, tag)
        elif name in LINES:
            self._begin("br", "<br>", position)
        elif name == "input" and (value := shown_value(tag)):
            self._text(f" {value} ")
        return position

    def _begin_in_text(self, name: str, tag: str) -> None:
        if name in INLINE or (name in VOID and name != "hr"):
            if name == "a":
                self._end_format(name)
            if self._scopes[-1].formats:
                self._resume()
        elif self._scopes[-1].open["p"]:
            self._end_block("p")
        if name in ITEMS:
            self._end_item(ITEMS[name])
        elif name in ENLARGING and self._is_enlarged(name):
            return
        if name in VOID:
            self._out.append(tag)
        else:
            self._push(name, tag)

    def _is_enlarged(self, name: str) -> bool:
        """Say whether an enlarging element is open; a heading ends an open heading first."""
        if name in HEADINGS:
            for other in HEADINGS:
                if self._scopes[-1].open[other]:
                    self._end_block(other)
        return bool(self._enlarging[name in HEADINGS])

    def _begin_of_table(self, name: str, tag: str) -> None:
        if not self._tables:
            return
        around = ROWS if name in CELLS else SECTIONS if name == "tr" else frozenset()
        if name == "col":
            around = frozenset({"colgroup"})
        keep = self._tables[-1] + 1
        while keep < len(self._open) and self._open[keep] in around:
            keep += 1
        self._pop_to(keep)
        if name in VOID:
            self._out.append(tag)
        else:
            self._push(name, tag)

    def _is_between_cells(self) -> bool:
        return bool(self._open) and self._open[-1] in BETWEEN_CELLS

    def _leaves_rows(self, name: str) -> bool:
        """Leave the rows or open a cell for an element; return False if it cannot be shown."""
        if name == "table":
            self._pop_to(self._tables[-1])
            return True
        if name in {"a", "img"}:
            self._make_cell()
            return True
        return False

    def _make_cell(self) -> None:
        self._begin_of_table("td", "<td>")

    def _end(self, name: str) -> None:
        if self._open and self._open[-1] == name and not self._scopes[-1].formats:
            self._pop()
        elif name == "table" or name in OF_TABLES:
            self._end_of_table(name)
        elif name in FORMATS:
            self._end_format(name)
        elif name in INLINE:
            self._end_inline(name)
        elif name in ITEMS:
            self._end_item(frozenset({name}))
        elif name in {"br", "textarea", "select"}:
            self._begin("br", "<br>", 0)
        elif self._scopes[-1].open[name]:
            self._end_block(name)

    def _end_of_table(self, name: str) -> None:
        if not self._tables:
            return
        table, cell = self._tables[-1], self._scopes[-1].made_at
        if name == "table":
            self._pop_to(table)
            return
        last = cell if cell > table else len(self._open) - 1
        for at in range(table + 1, min(last, table + _ROWS_DEEP) + 1):
            if self._open[at] == name:
                self._pop_to(at)
                return

    def _end_format(self, name: str) -> None:
        scope = self._scopes[-1]
        for waiting in reversed(scope.formats):
            if waiting.name == name:
                scope.formats.remove(waiting)
                return
        if not scope.open[name]:
            return
        inside = self._back_to(frozenset({name}), _MOST_REOPENED)
        if inside is None:
            return
        above = list(map(_Element, self._open[inside + 1 :], self._tags[inside + 1 :]))
        self._pop_to(inside)
        scope.formats.clear()
        for element in above:
            if element.name not in ITEMS:  # a second item would be numbered again
                self._reopen(element)

    def _end_inline(self, name: str) -> None:
        for at in range(len(self._open) - 1, max(-1, len(self._open) - _LOOKED_BACK), -1):
            found = self._open[at]
            if found == name:
                self._pop_to(at)
                return
            if found not in INLINE:
                return

    def _end_item(self, names: frozenset[str]) -> None:
        at = self._back_to(names | LISTS, _LOOKED_BACK)
        if at is not None and self._open[at] in names:
            self._pop_to(at)

    def _end_block(self, name: str) -> None:
        at = self._back_to(frozenset({name}), len(self._open))
        if at is not None:
            self._pop_to(at)

    def _back_to(self, names: frozenset[str], most: int) -> int | None:
        """Return the index of the innermost element with one of these names.

        It looks at the last `most + 1` open elements, and returns None if none matches.
        """
        last = len(self._open) - 1
        return next(
            (at for at in range(last, max(-1, last - most - 1), -1) if self._open[at] in names),
            None,
        )

    def _push(self, name: str, tag: str) -> None:
        if len(self._open) >= self._depth:
            raise TooDeepError
        self._scopes[-1].open[name] += 1
        if name in _COUNTED:
            self._count(name)
        self._open.append(name)
        self._tags.append(tag)
        self._out.append(tag)

    def _count(self, name: str) -> None:
        """Begin a scope, or count an enlarging element."""
        if name in ENLARGING:
            self._enlarging[name in HEADINGS] += 1
            return
        self._scopes.append(_Scope(len(self._open)))
        if name == "table":
            self._tables.append(len(self._open))

    def _pop_to(self, at: int) -> None:
        """End the elements from index `at` on; their formats continue with the next text."""
        while len(self._open) > at:
            name, tag = self._open[-1], self._tags[-1]
            self._pop()
            if name in FORMATS and len(self._open) > at:
                self._keep(_Element(name, tag))

    def _pop(self) -> None:
        name = self._open.pop()
        self._tags.pop()
        self._out.append(f"</{name}>")
        if name in _COUNTED:
            self._uncount(name)
        self._scopes[-1].open[name] -= 1

    def _uncount(self, name: str) -> None:
        if name in ENLARGING:
            self._enlarging[name in HEADINGS] -= 1
            return
        self._scopes.pop()
        if name == "table":
            self._tables.pop()

    def _keep(self, element: _Element) -> None:
        formats = self._scopes[-1].formats
        if len(formats) < _MOST_REOPENED and element not in formats:
            formats.insert(0, element)

    def _resume(self) -> None:
        formats, self._scopes[-1].formats = self._scopes[-1].formats, []
        for element in formats:
            self._reopen(element)

    def _reopen(self, element: _Element) -> None:
        innermost = zip(self._open[-_LOOKED_BACK:], self._tags[-_LOOKED_BACK:], strict=True)
        if element.name in FORMATS and element in innermost:
            return  # a repetition changes nothing, and many of them add up
        self._characters_left -= len(element.tag)
        if self._characters_left > 0:
            self._push(*element)
