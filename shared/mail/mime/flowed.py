"""Joins the soft line breaks of format=flowed (RFC 3676)."""

import re
from typing import Final

_QUOTED: Final = re.compile(r">*")
_SIGNATURE: Final = "-- "


def unflow(text: str, *, delete_space: bool) -> str:
    """Return the text without soft line breaks; quote marks stay as `>` before a blank.

    `delete_space` is the DelSp parameter: the blank before a soft break is removed.
    """
    out: list[str] = []
    paragraph: list[str] = []
    depth = 0
    for line in text.split("\n"):
        line_depth, content = _split_quote(line)
        if paragraph and (line_depth != depth or content == _SIGNATURE):
            out.append(_line(depth, "".join(paragraph)))
            paragraph = []
        depth = line_depth
        soft = content.endswith(" ") and content != _SIGNATURE
        paragraph.append(content[:-1] if soft and delete_space else content)
        if not soft:
            out.append(_line(depth, "".join(paragraph)))
            paragraph = []
    return "\n".join([*out, _line(depth, "".join(paragraph))] if paragraph else out)


def _split_quote(line: str) -> tuple[int, str]:
    found = _QUOTED.match(line)
    depth = found.end() if found else 0
    content = line[depth:]
    return depth, content.removeprefix(" ")


def _line(depth: int, content: str) -> str:
    return f"{'>' * depth} {content}" if depth else content
