"""Failed logins as all pods count them; the database forgets them after a while."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.storage.database.client import HINT, NEWEST, Database, Document, database_errors
from shared.storage.indexes import LOGIN_FAILURES

_KEPT_FOR: Final = timedelta(days=1)
_WELCOME_FOR: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class FailedLogins:
    """How many failed logins a key has, older ones counted for less, and when the last was.

    `is_welcome` says that somebody logged in there not long ago.
    """

    count: float
    at: datetime
    is_welcome: bool = False


class FailedLoginStore:
    """Counters by key. Keys are stored as hashes: what was typed as a name may be a password."""

    def __init__(self, database: Database) -> None:
        self._collection = database[LOGIN_FAILURES].with_options(
            write_concern=HINT, read_concern=NEWEST
        )

    async def read(self, keys: Sequence[str]) -> Mapping[str, FailedLogins]:
        """Return what is known of some keys."""
        names = {_hashed(key): key for key in keys}
        async with database_errors():
            found = await self._collection.find({"_id": {"$in": list(names)}}).to_list()
        return {
            names[one["_id"]]: FailedLogins(one["count"], one["at"], one.get("welcome", False))
            for one in found
        }

    async def add(self, keys: Sequence[str], now: datetime, half_life: timedelta) -> None:
        """Count one more for each key; of the older ones half is forgotten in each `half_life`."""
        step = [_one_more(now, half_life)]
        async with database_errors():
            await asyncio.gather(
                *(
                    self._collection.update_one({"_id": _hashed(key)}, step, upsert=True)
                    for key in keys
                )
            )

    async def forget(self, key: str, now: datetime) -> None:
        """Set a key back to none, and remember for a month that somebody logged in there."""
        fresh = {"count": 0.0, "at": now, "welcome": True, "expires_at": now + _WELCOME_FOR}
        async with database_errors():
            await self._collection.update_one({"_id": _hashed(key)}, {"$set": fresh}, upsert=True)


def _one_more(now: datetime, half_life: timedelta) -> Document:
    elapsed = {"$subtract": [now, {"$ifNull": ["$at", now]}]}
    halvings = {"$divide": [{"$max": [elapsed, 0]}, half_life / timedelta(milliseconds=1)]}
    remaining = {"$multiply": [{"$ifNull": ["$count", 0.0]}, {"$pow": [0.5, halvings]}]}
    ends = {"$max": ["$expires_at", now + _KEPT_FOR]}
    return {"$set": {"count": {"$add": [remaining, 1.0]}, "at": now, "expires_at": ends}}


def _hashed(key: str) -> str:
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()
