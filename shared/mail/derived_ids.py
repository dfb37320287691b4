"""Message ids for mails that arrived without one.

This module imports no parser, so that services that only compare ids stay small.
"""

import re
from hashlib import sha256
from typing import Final

_DERIVED: Final = "@derived.invalid>"
_TRACE: Final = re.compile(
    rb"(?:(?:return-path|received):[^\n]*\n(?:[ \t][^\n]*\n)*)*", re.IGNORECASE
)


def derived_message_id(raw: bytes) -> str:
    """Return an id for a mail that has none, derived from its octets.

    Its domain ends in `.invalid` (RFC 2606), so that it equals no real id. Trace headers at the top
    are ignored, because they differ on every route that a mail takes.
    """
    trace = _TRACE.match(raw)
    octets = memoryview(raw)[trace.end() if trace else 0 :]
    return f"<{sha256(octets).hexdigest()[:40]}{_DERIVED}"


def is_derived(message_id: str) -> bool:
    """Say whether an id was derived for a mail that arrived without one."""
    return message_id.endswith(_DERIVED)
