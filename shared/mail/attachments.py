"""Files inside a mail: safe names, and their octets found again by index."""

import re
from collections.abc import Iterator
from typing import Final

from shared.mail.charsets import decode
from shared.mail.encoded_words import decode_value, one_line
from shared.mail.headers import read_mail_headers
from shared.mail.structure import Part

_NAME_LENGTH: Final = 150
_UNSAFE: Final = re.compile(
    r'[\x00-\x1f\x7f-\x9f<>:"|?*\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+'
)
_SUFFIX: Final = re.compile(r"\.[A-Za-z0-9]{1,10}\Z")
_TELLING: Final = frozenset({"audio", "image", "message", "text", "video"})
_EXTENSIONS: Final = {
    "application/ics": ".ics",
    "application/json": ".json",
    "application/msword": ".doc",
    "application/pdf": ".pdf",
    "application/pgp-signature": ".asc",
    "application/pkcs7-mime": ".p7m",
    "application/pkcs7-signature": ".p7s",
    "application/rtf": ".rtf",
    "application/x-pkcs7-signature": ".p7s",
    "application/xml": ".xml",
    "application/zip": ".zip",
    "audio/mpeg": ".mp3",
    "audio/wav": ".wav",
    "image/bmp": ".bmp",
    "image/gif": ".gif",
    "image/jpeg": ".jpg",
    "image/jpg": ".jpg",
    "image/png": ".png",
    "image/svg+xml": ".svg",
    "image/tiff": ".tif",
    "image/webp": ".webp",
    "message/delivery-status": ".txt",
    "message/disposition-notification": ".txt",
    "message/rfc822": ".eml",
    "text/calendar": ".ics",
    "text/csv": ".csv",
    "text/html": ".html",
    "text/plain": ".txt",
    "text/rfc822-headers": ".txt",
    "text/vcard": ".vcf",
    "text/x-vcard": ".vcf",
    "video/mp4": ".mp4",
}


def declared_name(part: Part) -> str:
    """Return the file name that the sender gave: Content-Disposition before Content-Type."""
    return part.disposition.get("filename") or part.content_type.get("name")


def attachment_name(part: Part) -> str:
    """Return a safe name for a part, made up from its kind where the sender gave none."""
    given = clean_name(declared_name(part))
    return given or _made_up_name(part)


def clean_name(name: str) -> str:
    """Return the last path component without anything that misleads a person or a file system."""
    component = re.split(r"[/\\]", name.rstrip("/\\ "))[-1]
    visible = one_line(_UNSAFE.sub("_", component)).lstrip(". ").rstrip(". ")
    if len(visible) <= _NAME_LENGTH:
        return visible
    suffix = _SUFFIX.search(visible)
    ending = suffix[0] if suffix else ""
    return visible[: _NAME_LENGTH - len(ending)] + ending


def unique_names(names: Iterator[str]) -> Iterator[str]:
    """Yield the names in order; one that was there before (in any case) gets a number."""
    taken: set[str] = set()
    counts: dict[str, int] = {}
    for name in names:
        candidate = name
        while candidate.casefold() in taken:
            counts[name] = counts.get(name, 1) + 1
            candidate = _numbered(name, counts[name])
        taken.add(candidate.casefold())
        yield candidate


def content_id(part: Part) -> str | None:
    """Return the Content-ID without its angle brackets."""
    value = part.headers.first("content-id")
    return one_line(decode(value)).strip("<> ") or None if value else None


def _numbered(name: str, number: int) -> str:
    suffix = _SUFFIX.search(name)
    stem = name[: suffix.start()] if suffix else name
    return f"{stem} ({number}){suffix[0] if suffix else ''}"


def _made_up_name(part: Part) -> str:
    ending = _EXTENSIONS.get(part.media_type, ".bin")
    if part.media_type == "message/rfc822":
        headers, _ = read_mail_headers(part.content()[: 64 * 1024])
        subject = clean_name(decode_value(headers.first("subject"), words=_NAME_LENGTH * 100))
        return f"{subject[: _NAME_LENGTH - len(ending)] or 'message'}{ending}"
    kind = part.media_type.partition("/")[0]
    return f"{kind if kind in _TELLING else 'attachment'}{ending}"
