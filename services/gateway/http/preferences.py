"""`Prefer: wait=N` (RFC 7240 section 4.3): how long a client waits for the outcome."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

# Proxies give up on an answer after a minute (nginx: 60 s).
_MAX_SECONDS: Final = 30
_WAIT: Final = re.compile(r'\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:;.*)?', re.IGNORECASE)


def preferred_wait(prefer: Sequence[str]) -> timedelta | None:
    """Return how long to wait, at most 30 seconds; None without a preference.

    The first of several counts; malformed ones are ignored (section 2).
    """
    for preference in ",".join(prefer).split(","):
        if found := _WAIT.fullmatch(preference):
            seconds = min(int(found[1]), _MAX_SECONDS)
            return timedelta(seconds=seconds) if seconds else None
    return None


def applied(wait: timedelta) -> dict[str, str]:
    """Return the header that names the wait that was applied."""
    return {"Preference-Applied": f"wait={int(wait.total_seconds())}"}
