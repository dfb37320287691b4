"""What kind of file bytes are: by what they begin with, before what anybody says of them."""

import re
from mimetypes import MimeTypes
from typing import Final

OCTETS: Final = "application/octet-stream"

TELLING: Final = 16
"""How many of the first bytes tell the kind."""

_MEDIA_TYPE: Final = re.compile(r"[a-z0-9!#$&^_.+-]{1,127}/[a-z0-9!#$&^_.+-]{1,127}")
_ACTIVE: Final = re.compile(
    r"text/(?!plain\Z|csv\Z|calendar\Z|vcard\Z|markdown\Z|rtf\Z)|multipart/|"
    r".*(?:html|xml|svg|script|xsl|flash|hta)"
)
_BY_NAME: Final = MimeTypes()

_SHOWN: Final = ("image/png", "image/gif", "image/jpeg", "image/webp")
_PROVABLE: Final = frozenset({*_SHOWN, "image/jpg", "image/pjpeg", "application/pdf"})


def recognised(head: bytes) -> str:
    """Return the media type that the first bytes prove, or nothing."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    return "application/pdf" if head.startswith(b"%PDF-") else ""


def kind_of(head: bytes, *, declared: str, name: str) -> str:
    """Return the media type of an upload: what its bytes prove, else what is said and may be.

    Who claims a kind that bytes would prove, and has other bytes, has sent mere octets.
    """
    if proven := recognised(head):
        return proven
    by_name, _ = _BY_NAME.guess_type(name)
    for claimed in (declared, by_name or ""):
        if claimed != OCTETS and _MEDIA_TYPE.fullmatch(claimed) and claimed not in _PROVABLE:
            return claimed
    return OCTETS


def served_kind(stored: str) -> str:
    """Return the media type to answer with: none that a browser would run or render as a page."""
    kind = stored.lower()
    harmless = _MEDIA_TYPE.fullmatch(kind) and not _ACTIVE.match(kind)
    return kind if harmless else OCTETS


def shown_kind(head: bytes) -> str:
    """Return the media type of an image that may be shown in a page, or nothing."""
    kind = recognised(head)
    return kind if kind in _SHOWN else ""
