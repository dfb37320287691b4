"""What was found out a moment ago, so that not every request has to find it out again."""

import math
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

LASTS: Final = 5.0
MOST: Final = 10_000

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class CachedValue(Generic[Value]):
    """A value, and the moment from which on it has to be found out anew."""

    value: Value
    until: float


class TtlCache(Generic[Key, Value]):
    """Keeps values for five seconds, ten thousand at most. Moments are seconds of any one clock."""

    def __init__(self) -> None:
        self._kept: dict[Key, CachedValue[Value]] = {}

    def recall(self, key: Key, *, now: float) -> CachedValue[Value] | None:
        """Return what is known; None where it has to be found out."""
        kept = self._kept.get(key)
        if kept is None:
            return None
        if kept.until <= now:
            del self._kept[key]
            return None
        return kept

    def keep(self, key: Key, value: Value, *, now: float, until: float = math.inf) -> None:
        """Know a value that was true `now` for five seconds, at most `until`."""
        if len(self._kept) >= MOST:
            self._make_room(now)
        self._kept[key] = CachedValue(value, min(until, now + LASTS))

    def forget(self, key: Key) -> None:
        """Have a value found out anew."""
        self._kept.pop(key, None)

    def _make_room(self, now: float) -> None:
        self._kept = {key: one for key, one in self._kept.items() if one.until > now}
        if len(self._kept) > MOST // 2:
            # All are looked through again only after as many have come.
            self._kept.clear()
