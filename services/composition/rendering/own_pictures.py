"""Unblocks the author's remote pictures in the HTML of a mail; those in quotes stay blocked."""

import re
from typing import Final

from shared.mail.html.blocked_images import BLOCKED

_TAG: Final = re.compile(r'<(/?)([a-z0-9]+)((?:[^>"]|"[^"]*+")*+)>')
_BLOCKED_SOURCE: Final = re.compile(rf'(?<= src="){BLOCKED}(?=https?://)', re.IGNORECASE)


def with_own_pictures(page: str) -> str:
    """Return clean HTML in which remote pictures outside of quotes have their addresses again.

    Stored HTML blocks remote pictures, so that no agent loads those of a stranger. In a sent mail
    the author's own pictures are wanted. A quoted picture stays blocked, because loading it would
    show the quoted sender who reads the mail.
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
