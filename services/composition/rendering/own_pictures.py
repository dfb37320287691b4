"""The pictures of a page that is sent: the author's own are shown, a stranger's stay blocked."""

import re
from typing import Final

from shared.mail.html.blocked_images import BLOCKED

_TAG: Final = re.compile(r'<(/?)([a-z0-9]+)((?:[^>"]|"[^"]*+")*+)>')
_BLOCKED_SOURCE: Final = re.compile(rf'(?<= src="){BLOCKED}(?=https?://)', re.IGNORECASE)


def with_own_pictures(page: str) -> str:
    """Return safe HTML with the addresses of remote pictures that stand outside of quotes.

    A page is stored so that no agent loads a stranger's picture. Those to whom the mail goes
    decide for themselves, but what is quoted may tell its sender who reads it.
    """
    quotes = 0

    def exchange(tag: re.Match[str]) -> str:
        nonlocal quotes
        if tag[2] == "blockquote":
            quotes += -1 if tag[1] else 1
        if tag[2] == "img" and not quotes:
            return _BLOCKED_SOURCE.sub("", tag[0], count=1)
        return tag[0]

    return _TAG.sub(exchange, page)
