"""Heads of requests that were admitted lately: who polls says the same again and again."""

from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from shared.bayeux.ttl_cache import TtlCache

_MAX_HEAD_SIZE: Final = 4_096
"""Octets; with as many of that length as are kept they are 40 MB."""

Visitor = TypeVar("Visitor")


@dataclass(frozen=True, slots=True)
class _Admitted(Generic[Visitor]):
    visitor: Visitor
    body_size: int


class RequestCache(Generic[Visitor]):
    """Remembers for a short time whom a head, octet for octet, was admitted as. Time in seconds."""

    def __init__(self) -> None:
        self._admitted = TtlCache[bytes, _Admitted[Visitor]]()

    def remember(
        self, head: bytes, visitor: Visitor, body_size: int, *, now: float, until: float
    ) -> None:
        """Know a head again, at most `until`; it announced a body of that size.

        One that is longer than those of common clients is looked at each time.
        """
        if len(head) <= _MAX_HEAD_SIZE:
            self._admitted.keep(head, _Admitted(visitor, body_size), now=now, until=until)

    def recall(self, head: bytes, body_size: int, *, now: float) -> Visitor | None:
        """Return whom the head stands for; None where it has to be looked at anew."""
        known = self._admitted.recall(head, now=now)
        if known is None or known.value.body_size != body_size:
            return None
        return known.value.visitor
