"""Converts HTML to plain text and back, in linear time."""

import re
from collections.abc import Iterator
from html import escape, unescape
from typing import Final

_TAG: Final = re.compile(r'<(/?)([a-z0-9]+)((?:[^>"]++|"[^"]*+")*+)>')
_ANY_TAG: Final = re.compile(r"<[^<>]*+>?")
_HUGE_REFERENCE: Final = re.compile(r"&#(?:[0-9]{8,}+|[xX][0-9a-fA-F]{8,}+);?")
_CODE: Final = re.compile(r"<(/?)(?:script|style|title)\b[^<>]*+>?", re.IGNORECASE)
_EDGE: Final = "\x1e"
_EDGES: Final = re.compile(r" ?\x1e[ \x1e]*+")
_PREFORMATTED: Final = re.compile(r"</?pre\b[^>]*+>")
_PARAGRAPH: Final = "blockquote dl h1 h2 h3 h4 h5 h6 hr ol p pre table ul"
_LINE: Final = (
    "address article aside caption center dd details div dt figcaption figure footer header"
    " li main nav section summary tr"
)
_QUOTE_BEGINS: Final = "\x1c"
_QUOTE_ENDS: Final = "\x1d"
_CITED: Final = re.compile(
    r"""\btype=["']?cite|\bcite=|border-left(?:-(?:width|style|color))?\s*+:(?!\s*+(?:none|0))"""
)
_DEEPEST_QUOTE: Final = 10
_QUOTE_MARKS: Final = {_QUOTE_BEGINS: 1, _QUOTE_ENDS: -1}
# `str.strip` alone takes the marks for blanks.
_BLANKS: Final = " \t\r\f\v\x85\xa0\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_BEFORE: Final = {
    **dict.fromkeys(_PARAGRAPH.split(), "\n\n"),
    **dict.fromkeys(_LINE.split(), _EDGE),
    "br": "\n",
    "td": " ",
    "th": " ",
}


def to_text(html: str) -> str:
    """Return the text of sanitised HTML: blank lines between paragraphs, one line a table row.

    Lines inside a quotation have `>` before them, one for each level. A quotation is a
    `<blockquote>` that mail programs mark as one, by `type="cite"` or a line on its left: without
    them it is an indented paragraph.
    """
    flat = "".join(_without_line_breaks(html))
    # The end of a block and the begin of the next leave two edges, which are one line end.
    lines = _EDGES.sub("\n", _TAG.sub(_TagReader().as_text, flat))
    return _tidy(unescape(lines))


def strip_tags(html: str) -> str:
    """Return the text between the tags of HTML that exceeds a limit of `sanitise`."""
    first, *rest = _CODE.split(html)
    shown = (after for closing, after in zip(rest[::2], rest[1::2], strict=True) if closing)
    text = _ANY_TAG.sub("\n", "".join((first, *shown)))
    # Python raises on such long numbers, and no character has one.
    return _tidy(unescape(_HUGE_REFERENCE.sub("\ufffd", text)))


def from_text(text: str) -> str:
    """Return plain text as HTML that looks the same."""
    return f'<div style="white-space:pre-wrap">{escape(text, quote=False)}</div>'


def _without_line_breaks(html: str) -> Iterator[str]:
    """Yield the HTML with blanks collapsed as a browser does, except inside `<pre>`."""
    for number, stretch in enumerate(_PREFORMATTED.split(html)):
        inside = number % 2
        yield f"<pre>{stretch.replace(chr(10), '<br>')}</pre>" if inside else _flat(stretch)


def _flat(html: str) -> str:
    # Most blanks are single spaces, and stay without a substitution for each.
    for blank in "\t\r\n\f":
        html = html.replace(blank, " ")
    while "  " in html:
        html = html.replace("  ", " ")
    return html


class _TagReader:
    """Turns tags into line ends and marks; remembers which open `<blockquote>` is a quotation."""

    def __init__(self) -> None:
        self._open: list[bool] = []

    def as_text(self, tag: re.Match[str]) -> str:
        name, is_closing = tag[2], bool(tag[1])
        if name == "blockquote":
            return self._quotation(tag[3], is_closing=is_closing)
        return f"{_EDGE}- " if name == "li" and not is_closing else _BEFORE.get(name, "")

    def _quotation(self, attributes: str, *, is_closing: bool) -> str:
        if not is_closing:
            self._open.append(bool(_CITED.search(attributes)))
            return f"\n\n{_QUOTE_BEGINS}\n" if self._open[-1] else "\n\n"
        is_quotation = bool(self._open) and self._open.pop()
        return f"\n{_QUOTE_ENDS}\n\n" if is_quotation else "\n\n"


def _tidy(text: str) -> str:
    """Drop blanks around line ends, leave at most one empty line in a row, and mark quotations."""
    out: list[str] = []
    depth = above = 0
    has_gap = False
    for line in (one.strip(_BLANKS) for one in text.replace("\xa0", " ").split("\n")):
        if line in _QUOTE_MARKS:
            depth = max(depth + _QUOTE_MARKS[line], 0)
        elif line:
            marks = min(depth, _DEEPEST_QUOTE)
            if has_gap and out:
                out.append(">" * min(marks, above))
            out.append(f"{'>' * marks} {line}" if marks else line)
            above, has_gap = marks, False
            continue
        has_gap = True
    return "\n".join(out)
