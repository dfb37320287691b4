"""Media types of files: by their first bytes, else by what is declared."""

import re
from mimetypes import MimeTypes
from typing import Final

OCTETS: Final = "application/octet-stream"

HEAD_SIZE: Final = 16
"""Bytes at the start of a file that are enough to detect its type."""

_MEDIA_TYPE: Final = re.compile(r"[a-z0-9!#$&^_.+-]{1,127}/[a-z0-9!#$&^_.+-]{1,127}")
_ACTIVE: Final = re.compile(
    r"text/(?!plain\Z|csv\Z|calendar\Z|vcard\Z|markdown\Z|rtf\Z)|multipart/|"
    r".*(?:html|xml|svg|script|xsl|flash|hta)"
)
_BY_NAME: Final = MimeTypes()

_SHOWN: Final = ("image/png", "image/gif", "image/jpeg", "image/webp")
_PROVABLE: Final = frozenset({*_SHOWN, "image/jpg", "image/pjpeg", "application/pdf"})


def detected_type(head: bytes) -> str:
    """Return the media type that the first bytes prove, empty where they prove none."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    return "application/pdf" if head.startswith(b"%PDF-") else ""


def media_type_of(head: bytes, *, declared: str, name: str) -> str:
    """Return the media type of an upload: proven by its bytes, else declared, else by its name.

    A claimed type that bytes can prove, and do not, gives application/octet-stream.
    """
    if proven := detected_type(head):
        return proven
    by_name, _ = _BY_NAME.guess_type(name)
    for claimed in (declared, by_name or ""):
        if claimed != OCTETS and _MEDIA_TYPE.fullmatch(claimed) and claimed not in _PROVABLE:
            return claimed
    return OCTETS


def download_type(stored: str) -> str:
    """Return the media type of a download; types that a browser may run become octets."""
    kind = stored.lower()
    harmless = _MEDIA_TYPE.fullmatch(kind) and not _ACTIVE.match(kind)
    return kind if harmless else OCTETS


def displayable_type(head: bytes) -> str:
    """Return the media type of an image that a page may show, empty for other files."""
    kind = detected_type(head)
    return kind if kind in _SHOWN else ""
