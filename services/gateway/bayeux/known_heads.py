"""Heads of requests that were admitted lately: who polls says the same again and again."""

from dataclasses import dataclass
from typing import Final, Generic, TypeVar

_LASTS: Final = 5.0
_MOST: Final = 10_000
_LONGEST: Final = 4_096
"""Octets; with this many of that length they are 40 MB."""

Visitor = TypeVar("Visitor")


@dataclass(frozen=True, slots=True)
class _Known(Generic[Visitor]):
    visitor: Visitor
    body_size: int
    until: float


class KnownHeads(Generic[Visitor]):
    """Remembers for five seconds whom a head, octet for octet, was admitted as. Time in seconds."""

    def __init__(self) -> None:
        self._known: dict[bytes, _Known[Visitor]] = {}

    def remember(
        self, head: bytes, visitor: Visitor, body_size: int, *, now: float, until: float
    ) -> None:
        """Know a head again, at most `until`; it announced a body of that size.

        One that is longer than those of common clients is looked at each time.
        """
        if len(head) > _LONGEST:
            return
        if len(self._known) >= _MOST:
            self._make_room(now)
        self._known[head] = _Known(visitor, body_size, min(until, now + _LASTS))

    def recall(self, head: bytes, body_size: int, *, now: float) -> Visitor | None:
        """Return whom the head stands for; None where it has to be looked at anew."""
        known = self._known.get(head)
        if known is None or known.body_size != body_size:
            return None
        if known.until <= now:
            del self._known[head]
            return None
        return known.visitor

    def _make_room(self, now: float) -> None:
        self._known = {head: one for head, one in self._known.items() if one.until > now}
        if len(self._known) > _MOST // 2:
            # All are looked through again only after as many have come.
            self._known.clear()
