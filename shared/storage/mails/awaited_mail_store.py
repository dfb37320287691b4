"""The mails that others refer to and that have not come: an earlier mail may come later.

Ids are kept with the address that mentioned them, because other people's mails begin threads of
their own. Of several mails the first one decides the thread.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

from pymongo import UpdateOne

from shared.domain.clock import Clock
from shared.mail.threads import person
from shared.storage.database.client import Database, database_errors

COLLECTION: Final = "awaited_mails"

_KEPT: Final = timedelta(days=30)
_MOST_OF_AN_END: Final = 5
"""Ids that are kept of either end. Mail programs shorten References in their middle."""


class AwaitedMailStore:
    """The ids of mails that have not come. Each is gone a month after it was mentioned."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._collection = database[COLLECTION]
        self._clock = clock

    async def expect(self, sender: str, ids: Sequence[str], thread_id: str) -> None:
        """Keep ids that a mail of a sender refers to, the nearest and the farthest ones.

        Ids that are kept already stay with their thread. A repetition changes nothing.
        """
        keys = _keys(sender, [*ids[:_MOST_OF_AN_END], *ids[-_MOST_OF_AN_END:]])
        if not keys:
            return
        fields = {"thread_id": thread_id, "expires_at": self._clock.now() + _KEPT}
        async with database_errors():
            await self._collection.bulk_write(
                [UpdateOne({"_id": key}, {"$setOnInsert": fields}, upsert=True) for key in keys],
                ordered=False,
            )

    async def thread_awaiting(self, sender: str, ids: Sequence[str]) -> str | None:
        """Return the thread in which the sender mentioned one of some ids, None without any.

        The ids are tried in their order.
        """
        keys = _keys(sender, ids)
        if not keys:
            return None
        async with database_errors():
            found = {
                one["_id"]: str(one["thread_id"])
                async for one in self._collection.find({"_id": {"$in": keys}})
            }
        return next((found[key] for key in keys if key in found), None)


def _keys(sender: str, ids: Iterable[str]) -> list[str]:
    """Return the keys of ids: of one length, however long an id is."""
    who = person(sender)
    if not who:
        return []
    return [hashlib.sha256(f"{who}\n{one}".encode()).hexdigest() for one in dict.fromkeys(ids)]
