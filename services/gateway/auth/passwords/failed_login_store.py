"""Counts failed logins for all pods. The database deletes old counters."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.storage.database.batching import BatchReader
from shared.storage.database.client import HINT, NEWEST, Database, Document, database_errors
from shared.storage.indexes import LOGIN_FAILURES

# A count halves every 15 minutes, so nothing is left of it after a day.
_KEPT_FOR: Final = timedelta(days=1)
# Somebody who comes back from a holiday is still known at this address.
_SUCCESS_KEPT_FOR: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class FailedLogins:
    """The number of failed logins under a key, and the time of the last one.

    `count` decays with time. `has_succeeded` says that a login succeeded in the last 30 days.
    """

    count: float
    at: datetime
    has_succeeded: bool = False


class FailedLoginStore:
    """Counters by key. Keys are stored as hashes, because users type passwords as names."""

    def __init__(self, database: Database) -> None:
        # A lost count gives a guesser one guess more; a majority would slow every login down.
        self._collection = database[LOGIN_FAILURES].with_options(
            write_concern=HINT, read_concern=NEWEST
        )
        self._reads = BatchReader(self._collection, by_herds=True)

    async def read(self, keys: Sequence[str]) -> Mapping[str, FailedLogins]:
        """Return the counters of those keys that have one."""
        async with database_errors():
            found = await asyncio.gather(*(self._reads.get(_hash_key(key)) for key in keys))
        return {
            key: FailedLogins(one["count"], one["at"], one.get("welcome", False))
            for key, one in zip(keys, found, strict=True)
            if one
        }

    async def add(self, keys: Sequence[str], now: datetime, half_life: timedelta) -> None:
        """Add one failure to each key; the count before halves in each `half_life`."""
        step = [_increment(now, half_life)]
        async with database_errors():
            await asyncio.gather(
                *(
                    self._collection.update_one({"_id": _hash_key(key)}, step, upsert=True)
                    for key in keys
                )
            )

    async def reset(self, key: str, now: datetime) -> None:
        """Set a count to zero, and store for 30 days that a login succeeded."""
        fresh = {"count": 0.0, "at": now, "welcome": True, "expires_at": now + _SUCCESS_KEPT_FOR}
        async with database_errors():
            await self._collection.update_one({"_id": _hash_key(key)}, {"$set": fresh}, upsert=True)


def _increment(now: datetime, half_life: timedelta) -> Document:
    elapsed = {"$subtract": [now, {"$ifNull": ["$at", now]}]}
    halvings = {"$divide": [{"$max": [elapsed, 0]}, half_life / timedelta(milliseconds=1)]}
    remaining = {"$multiply": [{"$ifNull": ["$count", 0.0]}, {"$pow": [0.5, halvings]}]}
    ends = {"$max": ["$expires_at", now + _KEPT_FOR]}
    return {"$set": {"count": {"$add": [remaining, 1.0]}, "at": now, "expires_at": ends}}


def _hash_key(key: str) -> str:
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()
