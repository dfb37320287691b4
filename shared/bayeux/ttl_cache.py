"""A cache with a fixed lifetime and a limited size, for results that many requests need."""

import math
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

LIFETIME: Final = 5.0
"""Seconds for which a changed password, or a cookie that has ended, may still count."""

# Clients choose the keys (heads, user names), so the number must be bounded.
MAX_ENTRIES: Final = 10_000

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class CachedValue(Generic[Value]):
    """A value and the time at which it expires."""

    value: Value
    until: float


class TtlCache(Generic[Key, Value]):
    """Keeps at most `MAX_ENTRIES` values for `LIFETIME` seconds.

    All times are seconds of one clock, which the caller chooses.
    """

    def __init__(self) -> None:
        self._kept: dict[Key, CachedValue[Value]] = {}

    def recall(self, key: Key, *, now: float) -> CachedValue[Value] | None:
        """Return the entry of a key; None if there is none or it has expired."""
        kept = self._kept.get(key)
        if kept is None:
            return None
        if kept.until <= now:
            del self._kept[key]
            return None
        return kept

    def put(self, key: Key, value: Value, *, now: float, until: float = math.inf) -> None:
        """Store a value for `LIFETIME` seconds from `now`, but not beyond `until`."""
        if len(self._kept) >= MAX_ENTRIES:
            self._make_room(now)
        self._kept[key] = CachedValue(value, min(until, now + LIFETIME))

    def forget(self, key: Key) -> None:
        """Remove the entry of a key, if there is one."""
        self._kept.pop(key, None)

    def _make_room(self, now: float) -> None:
        self._kept = {key: one for key, one in self._kept.items() if one.until > now}
        if len(self._kept) > MAX_ENTRIES // 2:
            # Otherwise a nearly full cache would search all entries at every insertion.
            self._kept.clear()
