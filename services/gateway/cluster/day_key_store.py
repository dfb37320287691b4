"""Secret keys that all pods share, one for each day: they sign addresses and promised ids."""

import secrets
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from shared.bayeux.ttl_cache import TtlCache
from shared.domain.clock import Clock
from shared.storage.database.client import Database, database_errors
from shared.storage.indexes import LINK_KEYS

# As many as SHA-256 gives: a longer key makes HMAC hardly stronger (RFC 2104, 3).
_OCTETS: Final = 32
# An address signed in the last minute of a day may be opened on the next day.
_KEPT_FOR: Final = timedelta(days=2)


class DayKeyStore:
    """Keys of 32 random octets. The database deletes each two days after its day began.

    A key is cached for seconds only, because a restore of the database may change it.
    Every method raises `Unavailable` where the database does not answer.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._collection = database[LINK_KEYS]
        self._clock = clock
        self._cache = TtlCache[date, bytes]()

    async def find(self, day: date) -> bytes | None:
        """Return the key of a day (UTC); None where nothing was signed with one."""
        if known := self._recall(day):
            return known
        async with database_errors():
            found = await self._collection.find_one({"_id": day.isoformat()})
        return self._keep(day, bytes(found["key"])) if found else None

    async def get_or_create(self, day: date) -> bytes:
        """Return the key of a day (UTC). The first pod that asks for it creates it."""
        if known := self._recall(day):
            return known
        begin = datetime.combine(day, time(), UTC)
        key = secrets.token_bytes(_OCTETS)
        fresh = {"key": key, "expires_at": begin + _KEPT_FOR}
        async with database_errors():
            found = await self._collection.find_one_and_update(
                {"_id": day.isoformat()}, {"$setOnInsert": fresh}, upsert=True
            )
        return self._keep(day, bytes(found["key"]) if found else key)

    def _recall(self, day: date) -> bytes | None:
        known = self._cache.recall(day, now=self._clock.now().timestamp())
        return known.value if known else None

    def _keep(self, day: date, key: bytes) -> bytes:
        self._cache.put(day, key, now=self._clock.now().timestamp())
        return key
