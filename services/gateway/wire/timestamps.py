"""Moments as clients read them."""

from datetime import datetime


def timestamp(moment: datetime) -> str:
    """Return a UTC time as ISO 8601 with milliseconds."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
