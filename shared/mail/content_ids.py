"""Content-IDs, by which the HTML of a mail refers to its own images (RFC 2392)."""

import re
from html import unescape
from typing import Final
from urllib.parse import unquote

_REFERENCE: Final = re.compile(r"""\bcid:([^"'\s>]{1,998})""", re.IGNORECASE)
_CONTENT_ID: Final = re.compile(r"[!-;=?-~]{1,900}")


def referred_ids(html: str) -> frozenset[str]:
    """Return the Content-IDs that an HTML text refers to."""
    return frozenset(unquote(unescape(found[1])) for found in _REFERENCE.finditer(html))


def is_content_id(content_id: str) -> bool:
    """Say whether a text is valid between the angle brackets of a Content-ID."""
    return _CONTENT_ID.fullmatch(content_id) is not None
