"""The parts of attached files: their headers, and their octets as base64."""

import binascii
import re
from collections.abc import AsyncIterable, AsyncIterator
from typing import Final

from services.composition.rendering.header_fields import LONGEST_LINE, Field, parameter
from shared.domain.interaction import Attachment
from shared.mail.content_ids import is_content_id

# 57 octets become 76 characters of base64, the longest line of RFC 2045, 6.8.
_IN_ONE_LINE: Final = 57
_NEVER_ENCODED: Final = ("message/", "multipart/")
_TYPE_NAME: Final = r"[A-Za-z0-9!#$&^_.+-]{1,127}"
_MEDIA_TYPE: Final = re.compile(f"{_TYPE_NAME}/{_TYPE_NAME}")


def attachment_fields(attachment: Attachment, *, inline: bool) -> list[Field]:
    """Return the headers of a file's part.

    Types that may not be encoded in base64 (RFC 2046 section 5.2.1), and invalid ones, become
    application/octet-stream.
    """
    disposition = "inline" if inline else "attachment"
    fields = [
        Field("Content-Type", (_media_type(attachment.media_type),)),
        Field("Content-Transfer-Encoding", ("base64",)),
        Field("Content-Disposition", (f"{disposition};", *parameter("filename", attachment.name))),
    ]
    if is_content_id(attachment.content_id):
        fields.append(Field("Content-ID", (f"<{attachment.content_id}>",)))
    return fields


def _media_type(declared: str) -> str:
    is_sendable = _MEDIA_TYPE.fullmatch(declared) is not None
    whole = declared.lower().startswith(_NEVER_ENCODED)
    return declared if is_sendable and not whole else "application/octet-stream"


async def base64_lines(source: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Yield octets as lines of base64 that end with CRLF (RFC 2045 section 6.8)."""
    held = b""
    async for piece in source:
        held += piece
        whole = len(held) - len(held) % _IN_ONE_LINE
        if whole:
            yield in_base64(held[:whole])
            held = held[whole:]
    if held:
        yield in_base64(held)


def in_base64(octets: bytes) -> bytes:
    """Return octets as lines of base64 that end with CRLF."""
    encoded = binascii.b2a_base64(octets, newline=False)
    starts = range(0, len(encoded), LONGEST_LINE)
    return b"\r\n".join([encoded[at : at + LONGEST_LINE] for at in starts]) + b"\r\n"
