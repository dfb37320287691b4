"""Message ids that we give to mails which came without one.

Apart from reading ids, so that a service that only compares them needs no character sets.
"""

import re
from hashlib import sha256
from typing import Final

_DERIVED: Final = "@derived.invalid>"
_TRACE: Final = re.compile(
    rb"(?:(?:return-path|received):[^\n]*\n(?:[ \t][^\n]*\n)*)*", re.IGNORECASE
)


def derived_message_id(raw: bytes) -> str:
    """Return an id for a mail that has none; `.invalid` keeps it apart from everybody's own.

    The trace at the top does not count: it differs on every way that a mail takes.
    """
    trace = _TRACE.match(raw)
    octets = memoryview(raw)[trace.end() if trace else 0 :]
    return f"<{sha256(octets).hexdigest()[:40]}{_DERIVED}"


def is_derived(message_id: str) -> bool:
    """Tell whether an id is ours for a mail that came without one."""
    return message_id.endswith(_DERIVED)
