"""Message ids of a mail, and the key that recognises a repeated arrival."""

import re
from hashlib import sha256
from typing import Final

from shared.mail.derived_ids import derived_message_id
from shared.mail.mime.charsets import decode
from shared.mail.mime.headers import Headers, body_offset

_IN_BRACKETS: Final = re.compile(r"<([^<>]{1,998})>")
_BLANKS: Final = re.compile(r"[\s\x00-\x1f\x7f]+")
_MOST_IDS: Final = 100


def message_id(headers: Headers, raw: bytes) -> str:
    """Return the mail's own id in angle brackets, or one derived from its octets."""
    found = message_ids(headers.first("message-id") or b"", bare=True)
    return found[0] if found else derived_message_id(raw)


def message_ids(value: bytes, *, bare: bool = False) -> tuple[str, ...]:
    """Return the distinct ids of a header in order, in angle brackets, at most the last 100.

    Without brackets, words with an `@` count, and with `bare` else the first word.
    """
    text = decode(value)
    found = [_BLANKS.sub("", inner) for inner in _IN_BRACKETS.findall(text)]
    if not found:
        words = [word.strip("<>,;\"'") for word in text.split()]
        found = [word for word in words if "@" in word] or (words[:1] if bare else [])
    distinct = dict.fromkeys(f"<{inner}>" for inner in found if inner)
    return tuple(distinct)[-_MOST_IDS:]


def duplicate_key(mailbox: str, message_id: str, body: str) -> str:
    """Return a key that is equal for two arrivals of the same mail in the same mailbox.

    `body` is the `body_hash` of the mail.
    """
    return sha256(f"{mailbox.lower()}\0{message_id}\0{body}".encode()).hexdigest()


def body_hash(raw: bytes) -> str:
    """Return the SHA-256 of the octets after the headers, in hexadecimal digits.

    Trace headers differ on every route. The time is in proportion to the size, so a caller with an
    event loop asks once for each arrival, in a thread.
    """
    return sha256(memoryview(raw)[body_offset(raw) :]).hexdigest()
