"""Converts HTML to plain text and back, in linear time."""

import re
from collections.abc import Iterator
from html import escape, unescape
from typing import Final

_TAG: Final = re.compile(r'<(/?)([a-z0-9]+)((?:[^>"]|"[^"]*+")*+)>')
_ANY_TAG: Final = re.compile(r"<[^<>]*+>?")
_HUGE_REFERENCE: Final = re.compile(r"&#(?:[0-9]{8,}+|[xX][0-9a-fA-F]{8,}+);?")
_CODE: Final = re.compile(r"<(/?)(?:script|style|title)\b[^<>]*+>?", re.IGNORECASE)
_SOFT_SPACE: Final = re.compile(r"[ \t\r\n\f]+")
_EDGE: Final = "\x1e"
_EDGES: Final = re.compile(r" ?\x1e[ \x1e]*+")
_PREFORMATTED: Final = re.compile(r"</?pre\b[^>]*+>")
_PARAGRAPH: Final = "blockquote dl h1 h2 h3 h4 h5 h6 hr ol p pre table ul"
_LINE: Final = (
    "address article aside caption center dd details div dt figcaption figure footer header"
    " li main nav section summary tr"
)
_BEFORE: Final = {
    **dict.fromkeys(_PARAGRAPH.split(), "\n\n"),
    **dict.fromkeys(_LINE.split(), _EDGE),
    "br": "\n",
    "td": " ",
    "th": " ",
}


def to_text(html: str) -> str:
    """Return the text of sanitised HTML: blank lines between paragraphs, one line a table row."""
    flat = "".join(_without_line_breaks(html))
    # The end of a block and the begin of the next leave two edges, which are one line end.
    lines = _EDGES.sub("\n", _TAG.sub(_tag_as_text, flat))
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
    return _SOFT_SPACE.sub(" ", html)


def _tag_as_text(tag: re.Match[str]) -> str:
    name, closing = tag[2], tag[1]
    return f"{_EDGE}- " if name == "li" and not closing else _BEFORE.get(name, "")


def _tidy(text: str) -> str:
    """Drop blanks around line ends and leave at most one empty line in a row."""
    out: list[str] = []
    for line in map(str.strip, text.replace("\xa0", " ").split("\n")):
        if line or (out and out[-1]):
            out.append(line)
    return "\n".join(out).strip()
