"""Files on their way into a frozen mail: as base64, piece by piece."""

import binascii
from collections.abc import AsyncIterable, AsyncIterator
from email import policy
from email.message import MIMEPart
from typing import Final

from shared.domain.interaction import Attachment
from shared.mail.content_ids import is_content_id

_IN_ONE_LINE: Final = 57
_ON_THE_WIRE: Final = 76
_NEVER_ENCODED: Final = ("message/", "multipart/")


def part_headers(attachment: Attachment, *, inline: bool) -> bytes:
    """Return the headers of a file's part, with the empty line behind them.

    What may not be encoded in base64 (RFC 2046 section 5.2.1) travels as octets with a name.
    """
    part = MIMEPart(policy=policy.SMTP)
    whole = attachment.media_type.lower().startswith(_NEVER_ENCODED)
    part["Content-Type"] = "application/octet-stream" if whole else attachment.media_type
    part["Content-Transfer-Encoding"] = "base64"
    disposition = "inline" if inline else "attachment"
    part.add_header("Content-Disposition", disposition, filename=attachment.name)
    headers = part.as_bytes()
    if not is_content_id(attachment.content_id):
        return headers
    # Written by hand: the library would make encoded words of a long one.
    return b"Content-ID: <%s>\r\n" % attachment.content_id.encode() + headers


async def base64_lines(source: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Give octets as lines of base64 that end with CRLF (RFC 2045 section 6.8)."""
    held = b""
    async for piece in source:
        held += piece
        whole = len(held) - len(held) % _IN_ONE_LINE
        if whole:
            yield _lines(held[:whole])
            held = held[whole:]
    if held:
        yield _lines(held)


def _lines(octets: bytes) -> bytes:
    encoded = binascii.b2a_base64(octets, newline=False)
    starts = range(0, len(encoded), _ON_THE_WIRE)
    return b"\r\n".join([encoded[at : at + _ON_THE_WIRE] for at in starts]) + b"\r\n"
