"""A cache of admitted request heads: a polling client sends the same head again and again."""

from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from shared.bayeux.ttl_cache import TtlCache

_MAX_HEAD_SIZE: Final = 4_096
"""Octets. Ten thousand heads of this size, the limit of `TtlCache`, are 40 MB."""

Requester = TypeVar("Requester")


@dataclass(frozen=True, slots=True)
class _Admitted(Generic[Requester]):
    requester: Requester
    body_size: int


class RequestCache(Generic[Requester]):
    """Maps the octets of a head to the requester that it was admitted as. Times are in seconds."""

    def __init__(self) -> None:
        self._admitted = TtlCache[bytes, _Admitted[Requester]]()

    def remember(
        self, head: bytes, requester: Requester, body_size: int, *, now: float, until: float
    ) -> None:
        """Store a head whose request had a body of that size, for some seconds, at most `until`.

        Heads above 4,096 octets are not stored; common clients send shorter ones.
        """
        if len(head) <= _MAX_HEAD_SIZE:
            self._admitted.put(head, _Admitted(requester, body_size), now=now, until=until)

    def recall(self, head: bytes, body_size: int, *, now: float) -> Requester | None:
        """Return the requester of a head; None if it is unknown or came with another body size."""
        known = self._admitted.recall(head, now=now)
        if known is None or known.value.body_size != body_size:
            return None
        return known.value.requester
