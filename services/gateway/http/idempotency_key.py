"""The header `Idempotency-Key`: what it may be, and the failures about it."""

import re
from collections.abc import Mapping
from typing import Final

from services.gateway.errors import SHORTLY, RequestError, Situation

_KEY: Final = re.compile(r"[\x20-\x7e]{1,255}")


def require_valid_key(given: str, *, headers: Mapping[str, str] | None = None) -> None:
    """Check a key; `headers` are those of the failure.

    Raises:
        RequestError: It is empty, too long, or has other characters (400).
    """
    if not _KEY.fullmatch(given):
        message = "Idempotency-Key has to be 1 to 255 printable characters"
        raise RequestError(Situation.VALUE_REFUSED, message, headers=headers)


def key_reused(used_for: str, *, headers: Mapping[str, str] | None = None) -> RequestError:
    """Return the failure of a key that was used for another request or mail (422)."""
    message = f"this Idempotency-Key was used for another {used_for}: take a new one"
    return RequestError(Situation.KEY_REUSED, message, headers=headers)


def in_progress(*, headers: Mapping[str, str] | None = None) -> RequestError:
    """Return the failure of a key whose first request has no answer yet (409)."""
    message = "the first request with this Idempotency-Key is still being worked on"
    return RequestError(Situation.IN_PROGRESS, message, headers={**SHORTLY, **(headers or {})})
