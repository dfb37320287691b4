"""The times at which a deferred mail is tried again. Pure."""

from datetime import datetime, timedelta
from random import Random
from typing import Final

# Greylisting and short outages end within the first hour (RFC 5321, 4.5.4.1).
_FIRST_DELAYS: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60))
_LATER_DELAY: Final = timedelta(hours=2)
_JITTER: Final = 0.2

LIFETIME: Final = timedelta(hours=48)
"""A mail is given up after this, so that its author can act."""


def next_attempt(
    attempt: int, *, queued_at: datetime, now: datetime, random: Random
) -> datetime | None:
    """Return the time of the attempt after `attempt` (1 for the first), or None to give up.

    Delays vary by a fifth, so that mails deferred at the same time are retried at different times.
    """
    delay = _FIRST_DELAYS[attempt - 1] if attempt <= len(_FIRST_DELAYS) else _LATER_DELAY
    at = now + delay * random.uniform(1 - _JITTER, 1 + _JITTER)
    return at if at - queued_at <= LIFETIME else None
