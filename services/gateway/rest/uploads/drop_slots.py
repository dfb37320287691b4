"""The places for mails that are being handed in by HTTP, of which each token has a share."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from services.gateway.errors import RequestError, Situation

_TIME_TO_BEGIN: Final = 10.0
"""Seconds before the pace of a mail decides over its place."""
_AGAIN: Final = {"Retry-After": "1", "Connection": "close"}


@dataclass(frozen=True, slots=True)
class SlotLimits:
    """How many mails at once: in all, and of one token.

    Without a free place, one that is slower than `slowest` bytes a second gives it up.
    """

    at_once: int
    at_once_per_token: int
    slowest: int


@dataclass(eq=False, slots=True)
class DropSlot:
    """The place of one mail. `is_whole` once the mail is being stored, and keeps its place."""

    token: str
    since: float
    end: Callable[[], None]
    octets: int = 0
    is_whole: bool = False
    is_taken_away: bool = False

    def pace(self, now: float) -> float:
        """Return the bytes that have come in each second."""
        return self.octets / max(now - self.since, 1e-3)


class DropSlots:
    """All places of a pod. A token that has fewer of them than others always gets one.

    A thief of tokens may send as slowly as the limits of pace allow, and so would hold all
    places with a few tokens. So where none is free, the slowest mail of the token that has most is
    ended for a token with fewer, and any mail that is too slow for anybody.
    """

    def __init__(self, limits: SlotLimits) -> None:
        self._limits = limits
        self._taken: set[DropSlot] = set()

    @asynccontextmanager
    async def occupied(self, token: str) -> AsyncIterator[DropSlot]:
        """Give a mail its place for as long as the context lasts.

        Raises:
            RequestError: There is none (429), at the beginning or because another mail got it.
        """
        loop = asyncio.get_running_loop()
        self._require_room(token, loop.time())
        slot = DropSlot(token, loop.time(), end=lambda: None)
        self._taken.add(slot)
        try:
            async with asyncio.timeout(None) as deadline:
                slot.end = lambda: deadline.reschedule(loop.time())
                yield slot
        except TimeoutError as error:
            if not slot.is_taken_away:
                raise
            message = "this mail came too slowly to keep its place from others: send it again"
            raise _too_many(message) from error
        finally:
            self._taken.discard(slot)

    def _require_room(self, token: str, now: float) -> None:
        of_token = Counter(one.token for one in self._taken)
        most = self._limits.at_once_per_token
        if of_token[token] >= most:
            raise _too_many(f"a token may hand in {most} mails at the same time: try again")
        if len(self._taken) >= self._limits.at_once and not self._make_room(token, of_token, now):
            message = "too many mails are being handed in at the same time: try again"
            raise _too_many(message)

    def _make_room(self, token: str, of_token: Counter[str], now: float) -> bool:
        """End a mail that has to give up its place to one of `token`; say whether there is one."""
        ended = min(
            (one for one in self._taken if self._must_give_way(one, token, of_token, now)),
            key=lambda one: (-of_token[one.token], one.pace(now)),
            default=None,
        )
        if ended is None:
            return False
        ended.is_taken_away = True
        self._taken.discard(ended)
        ended.end()
        return True

    def _must_give_way(
        self, slot: DropSlot, token: str, of_token: Counter[str], now: float
    ) -> bool:
        if slot.is_whole:
            return False
        is_slow = now - slot.since > _TIME_TO_BEGIN and slot.pace(now) < self._limits.slowest
        return is_slow or of_token[slot.token] > of_token[token] + 1


def _too_many(message: str) -> RequestError:
    return RequestError(Situation.TOO_MANY_REQUESTS, message, headers=_AGAIN)
