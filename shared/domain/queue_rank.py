"""The place of a mail in its queue: by its waiting time and its priority. Pure.

All mails grow older at the same speed, so the order of two that wait never changes. A mail of the
least priority is overtaken only by those that come within ten hours after it.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

MOST_PRIORITY: Final = 10
"""Priorities are from minus ten to ten."""

PRIORITY_IS_WORTH: Final = timedelta(minutes=30)
"""One point of priority counts as much as this waiting time."""


def bounded_priority(priority: int) -> int:
    """Return the nearest priority that there is."""
    return max(-MOST_PRIORITY, min(MOST_PRIORITY, priority))


def queue_rank(queued_at: datetime, priority: int) -> datetime:
    """Return the moment by which waiting mails are ordered, the earliest first."""
    return queued_at - priority * PRIORITY_IS_WORTH


def highest_levels(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    """Return the skills of both, each at the higher of its levels."""
    return {
        skill: max(one.get(skill, 0), other.get(skill, 0))
        for skill in dict.fromkeys((*one, *other))
    }


def needs_key(needs: Mapping[str, int]) -> str:
    """Return a text that is the same for mails that need the same skills; "" for none."""
    return ",".join(f"{skill}:{level}" for skill, level in sorted(needs.items()))
