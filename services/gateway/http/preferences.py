"""`Prefer: wait=N` (RFC 7240): how long a client would wait for the outcome."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

_LONGEST: Final = 30
_WAIT: Final = re.compile(r'\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:;.*)?', re.IGNORECASE)


def preferred_wait(prefer: Sequence[str]) -> timedelta | None:
    """Return how long to wait, 30 seconds at most; None where nobody asks for it.

    Of several the first counts; what is not well-formed is ignored (RFC 7240 section 2).
    """
    for preference in ",".join(prefer).split(","):
        if found := _WAIT.fullmatch(preference):
            seconds = min(int(found[1]), _LONGEST)
            return timedelta(seconds=seconds) if seconds else None
    return None


def applied(wait: timedelta) -> dict[str, str]:
    """Return the header that tells how long was really waited."""
    return {"Preference-Applied": f"wait={int(wait.total_seconds())}"}
