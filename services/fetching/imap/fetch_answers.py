"""Reads a server's answers to FETCH, as the library has split them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from shared.mail.mime.headers import read_mail_headers
from shared.mail.parsing.identity import message_ids

_ANSWERED_ID_FIELD: Final = b"BODY[HEADER.FIELDS (MESSAGE-ID)]"


@dataclass(frozen=True, slots=True)
class Heading:
    """A mail as the server describes it before it is fetched.

    `size` is 0, `message_id` empty and `received_at` None where the server does not say it.
    """

    uid: int
    size: int = 0
    message_id: str = ""
    received_at: datetime | None = None


def octets_of(fields: dict[bytes, Any]) -> tuple[bytes, bytes]:
    """Return the octets of a whole mail, from a server that gives no pieces, and of a piece."""
    found = {
        name: value
        for name, value in fields.items()
        if name.startswith(b"BODY[]") and isinstance(value, bytes)
    }
    whole = found.pop(b"BODY[]", b"")
    return whole, next(iter(found.values()), b"")


def heading_of(uid: int, fields: dict[bytes, Any]) -> Heading:
    """Return the heading in the answer about one mail."""
    parts = (value for name, value in fields.items() if name.startswith(_ANSWERED_ID_FIELD))
    block = next(parts, None) or b""
    headers, _ = read_mail_headers(block)
    found = message_ids(headers.first("message-id") or b"", bare=True)
    received_at = fields.get(b"INTERNALDATE")
    if isinstance(received_at, datetime) and received_at.tzinfo is None:
        received_at = received_at.replace(tzinfo=UTC)
    return Heading(
        uid,
        int(fields.get(b"RFC822.SIZE") or 0),
        found[0] if found else "",
        received_at if isinstance(received_at, datetime) else None,
    )
