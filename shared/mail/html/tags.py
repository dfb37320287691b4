"""Reads HTML tags in linear time."""

import re
from typing import Final

from shared.mail.html.elements import DROPPED_WITH_CONTENT

_BLANK: Final = r"[ \t\n\r\f]"
# Only forms that every parser reads in the same way; `read_tag` rewrites all others.
PLAIN_TAG: Final = re.compile(
    rf"""<(?:([a-zA-Z][a-zA-Z0-9]*+)(?:{_BLANK}++[a-zA-Z][a-zA-Z0-9_:.-]*+(?:="[^"]*+"|='[^']*+'"""
    rf"""|=[^\s"'<>=`]++)?+)*+{_BLANK}*+/?+>|/([a-zA-Z][a-zA-Z0-9]*+){_BLANK}*+>)"""
)
"""A tag that stays as it is: group 1 is the name of an opening tag, group 2 of a closing one."""

_NAME: Final = re.compile(r"</?+([a-zA-Z][^ \t\n\r\f/>]*+)")
_ATTRIBUTE: Final = re.compile(
    r"""[ \t\n\r\f/]*+(?:(>)|([^ \t\n\r\f/>][^ \t\n\r\f/>=]*+)"""
    r"""(?:[ \t\n\r\f]*+=[ \t\n\r\f]*+(?:"([^"]*+)"|'([^']*+)'|([^ \t\n\r\f>]*+)))?+)"""
)
_ATTRIBUTE_NAME: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9_:.-]{0,40}")
_MOST_ATTRIBUTES: Final = 30
_WITHOUT_WORDS: Final = frozenset(
    {"checkbox", "color", "file", "hidden", "image", "password", "radio", "range"}
)
_ENDS: Final = {
    name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in DROPPED_WITH_CONTENT
}


def read_tag(html: str, start: int) -> tuple[str, str, int] | None:
    """Return the name of the tag at `start`, the tag in plain form, and the position after it.

    The first 30 attributes are kept. The name of a closing tag begins with a slash, and its plain
    form is empty. None means that there is no tag.
    """
    named = _NAME.match(html, start)
    if named is None:
        return None
    name, position = named[1].lower(), named.end()
    attributes: dict[str, str] = {}
    while found := _ATTRIBUTE.match(html, position):
        position = found.end()
        if found[1]:
            break
        if len(attributes) < _MOST_ATTRIBUTES and _ATTRIBUTE_NAME.fullmatch(found[2]):
            value = found[3] or found[4] or found[5] or ""
            attributes.setdefault(found[2].lower(), value.replace('"', "&quot;"))
    else:
        position = len(html)
    if html.startswith("</", start):
        return f"/{name}", "", position
    written = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return name, f"<{name}{written}>", position


def shown_value(tag: str) -> str:
    """Return the visible text of an `<input>` tag, empty if it shows none."""
    attributes = {
        found[2].lower(): found[3] or found[4] or found[5] or ""
        for found in _ATTRIBUTE.finditer(tag, len("<input"), len(tag) - 1)
        if found[2]
    }
    if attributes.get("type", "text").lower() in _WITHOUT_WORDS:
        return ""
    return attributes.get("value", "").replace("<", "&lt;").replace(">", "&gt;")


class EndFinder:
    """Finds the ends of comments and elements; a missing end is searched for only once."""

    def __init__(self, html: str) -> None:
        self._html = html
        self._endless: set[str] = set()

    def of_element(self, name: str, position: int) -> int:
        """Return the position after an element and its content.

        An element without an end tag has no content.
        """
        if name in self._endless:
            return position
        found = _ENDS[name].search(self._html, position)
        if found is None:
            self._endless.add(name)
            return position
        return self._after(">", found.end()) or len(self._html)

    def of_comment(self, start: int) -> int | None:
        """Return the position after a comment at `start`; None if there is none."""
        if self._html.startswith("<!--", start):
            return self._after("-->", start + 2)
        if self._html.startswith(("<!", "<?", "</"), start):
            return self._after(">", start)
        return None

    def _after(self, mark: str, position: int) -> int | None:
        if mark in self._endless:
            return None
        found = self._html.find(mark, position)
        if found < 0:
            self._endless.add(mark)
            return None
        return found + len(mark)
