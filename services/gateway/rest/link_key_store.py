"""Stores the secret keys that sign addresses: one for each day, the same for all pods."""

import secrets
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from shared.storage.database.client import Database, database_errors
from shared.storage.indexes import LINK_KEYS

_OCTETS: Final = 32
_KEPT_FOR: Final = timedelta(days=2)


class LinkKeyStore:
    """Keys of 32 random octets. The database deletes each two days after its day began.

    Every method raises `Unavailable` where the database does not answer.
    """

    def __init__(self, database: Database) -> None:
        self._collection = database[LINK_KEYS]

    async def find(self, day: date) -> bytes | None:
        """Return the key of a day (UTC); None where nothing was signed with one."""
        async with database_errors():
            found = await self._collection.find_one({"_id": day.isoformat()})
        return bytes(found["key"]) if found else None

    async def get_or_create(self, day: date) -> bytes:
        """Return the key of a day (UTC). The first pod that asks for it creates it."""
        begin = datetime.combine(day, time(), UTC)
        key = secrets.token_bytes(_OCTETS)
        fresh = {"key": key, "expires_at": begin + _KEPT_FOR}
        async with database_errors():
            found = await self._collection.find_one_and_update(
                {"_id": day.isoformat()}, {"$setOnInsert": fresh}, upsert=True
            )
        return bytes(found["key"]) if found else key
