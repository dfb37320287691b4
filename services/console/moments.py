"""Moments as the command line prints them."""

from datetime import UTC, datetime


def to_the_minute(moment: datetime) -> str:
    """Return a moment in UTC, such as `2026-11-01 08:30`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
