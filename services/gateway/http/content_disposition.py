"""Content-Disposition for any file name (RFC 6266)."""

from typing import Final, Literal
from urllib.parse import quote

# Characters. File systems take 255 octets. The end is kept, because it has the extension.
_MAX_NAME_LENGTH: Final = 200
_UNRESERVED: Final = "!#$&+-.^_`|~"
_FALLBACK_FORBIDDEN: Final = frozenset('"\\%;/')


def content_disposition(name: str, kind: Literal["attachment", "inline"] = "attachment") -> str:
    """Return the header for a file name, with an ASCII fallback for old clients.

    Control characters are removed, so a name cannot add headers.
    """
    clean = "".join(one for one in name if one.isprintable() and one not in "/\\").strip(" .")
    clean = (
        clean[-_MAX_NAME_LENGTH:].encode("utf-8", "replace").decode().strip(" .") or "attachment"
    )
    fallback = "".join(
        one if one.isascii() and one not in _FALLBACK_FORBIDDEN else "_" for one in clean
    )
    return f"{kind}; filename=\"{fallback}\"; filename*=UTF-8''{quote(clean, safe=_UNRESERVED)}"
