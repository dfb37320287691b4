"""Names and Content-IDs of files inside a mail."""

import re
from typing import Final

from shared.mail.file_names import LONGEST_NAME, clean_name
from shared.mail.mime.charsets import decode
from shared.mail.mime.encoded_words import decode_value, one_line
from shared.mail.mime.headers import read_mail_headers
from shared.mail.mime.structure import Part

_LONGEST_ID: Final = 998
_TELLING: Final = frozenset({"audio", "image", "message", "text", "video"})
_CALENDARS: Final = {
    "CANCEL": "cancellation.ics",
    "REPLY": "reply.ics",
    "REQUEST": "invitation.ics",
}
_CARDS: Final = frozenset({"text/vcard", "text/x-vcard", "text/directory"})
_CARD_LOOKED_AT: Final = 16 * 1024
_FULL_NAME: Final = re.compile(
    rb"^FN(?:;[^:\r\n]{0,200})?:([^\r\n]{1,150})", re.IGNORECASE | re.MULTILINE
)
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
    "text/directory": ".vcf",
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
    """Return a safe name for a part; without a name of the sender it is made from the type."""
    given = clean_name(declared_name(part))
    return given or _made_up_name(part)


def content_id(part: Part) -> str | None:
    """Return the Content-ID without its angle brackets."""
    value = part.headers.first("content-id") or b""
    return one_line(decode(value[:_LONGEST_ID])).strip("<> ") or None


def _person(card: bytes) -> str:
    """Return the name in a vCard (RFC 6350 section 6.2.1), empty if there is none."""
    found = _FULL_NAME.search(card)
    value = decode(found[1]) if found else ""
    return clean_name(value.replace("\\,", ",").replace("\\;", ";"))


def _made_up_name(part: Part) -> str:
    ending = _EXTENSIONS.get(part.media_type, ".bin")
    if part.media_type == "text/calendar":
        method = part.content_type.get("method").upper()
        return _CALENDARS.get(method, "calendar.ics")
    if part.media_type in _CARDS and (name := _person(part.content()[:_CARD_LOOKED_AT])):
        return f"{name}{ending}"
    if part.media_type == "message/rfc822":
        headers, _ = read_mail_headers(part.content()[: 64 * 1024])
        subject = clean_name(decode_value(headers.first("subject"), words=LONGEST_NAME * 100))
        return f"{subject[: LONGEST_NAME - len(ending)] or 'message'}{ending}"
    kind = part.media_type.partition("/")[0]
    return f"{kind if kind in _TELLING else 'attachment'}{ending}"
