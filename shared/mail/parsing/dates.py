"""Parses the Date header."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_tz

from shared.mail.mime.charsets import decode

_LONGEST = 200


def parse_date(value: bytes | None) -> datetime | None:
    """Return the instant in UTC, or None where the header cannot be read as one."""
    try:
        found = parsedate_tz(decode(value or b"")[:_LONGEST])
        if found is None:
            return None
        return datetime(*found[:6], tzinfo=UTC) - timedelta(seconds=found[9] or 0)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
