"""Reads a server's answers to SELECT and FETCH, as the library has split them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from shared.mail.mime.headers import read_mail_headers
from shared.mail.parsing.identity import message_ids

_ANSWERED_ID_FIELD: Final = b"BODY[HEADER.FIELDS (MESSAGE-ID)]"
_MOST_OF_32_BITS: Final = 2**32 - 1
_MOST_OF_63_BITS: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Heading:
    """A mail as the server describes it before it is fetched.

    `size` is 0, `message_id` empty and `received_at` None where the server does not say it.
    """

    uid: int
    size: int = 0
    message_id: str = ""
    received_at: datetime | None = None


def number_of_32_bits(answered: Any) -> int:
    """Return a UIDVALIDITY or UIDNEXT, 0 where there is none.

    Raises:
        ValueError: It is no number of 32 bits (RFC 9051 section 9), which the database stores.
    """
    if answered is None:
        return 0
    if not isinstance(answered, int) or not 0 <= answered <= _MOST_OF_32_BITS:
        raise ValueError("a number has more than 32 bits")
    return answered


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
    size = int(fields.get(b"RFC822.SIZE") or 0)
    return Heading(
        uid,
        size if 0 <= size <= _MOST_OF_63_BITS else 0,
        found[0] if found else "",
        _time_of(fields.get(b"INTERNALDATE")),
    )


def _time_of(answered: Any) -> datetime | None:
    """Return a time, None where it is none that can be compared, such as one of a zone of 99 h."""
    if not isinstance(answered, datetime):
        return None
    try:
        return answered.replace(tzinfo=answered.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
