"""Quotes an original, as text and as HTML (seed 001, Reply)."""

import re
from dataclasses import dataclass
from html import escape
from typing import Final

_LINE_END: Final = re.compile(r"\r\n|\r|\n")
# HTML shows a blank at the begin of a line not at all, and several blanks as one.
_LOST_BLANKS: Final = re.compile(r"^ +| +(?= )", re.MULTILINE)
_HARD_BLANK: Final = "\N{NO-BREAK SPACE}"
# Each answer in a thread would store the long mail once more.
_LONGEST_QUOTE: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Quoting:
    """The form of a quote: `start_line` comes before it, `indent` before each of its lines."""

    quote_original: bool = False
    start_line: str = ""
    indent: str = ""


def quote_text(original: str, quoting: Quoting) -> str:
    """Return the text of a reply: the start line and the original, or "" without a quote."""
    if not quoting.quote_original:
        return ""
    lines = _LINE_END.split(_capped(original).rstrip())
    start = [quoting.start_line] if quoting.start_line else []
    return "\n".join(start + [f"{quoting.indent}{line}" for line in lines])


def quote_html(original_html: str, original_text: str, quoting: Quoting) -> str:
    """Return the HTML of a reply. `original_html` must be clean; without it the text is quoted."""
    if not quoting.quote_original:
        return ""
    quoted = original_html or _as_html(_capped(original_text))
    start = f"<p>{escape(quoting.start_line)}</p>" if quoting.start_line else ""
    return f'{start}<blockquote type="cite">{quoted}</blockquote>'


def _as_html(text: str) -> str:
    """Return a text as HTML that looks the same, with its indentation."""
    lines = _LINE_END.sub("\n", _capped(text.expandtabs()))
    hard = _LOST_BLANKS.sub(lambda blanks: _HARD_BLANK * len(blanks[0]), escape(lines))
    return hard.replace("\n", "<br>")


def _capped(original: str) -> str:
    return original[:_LONGEST_QUOTE]
