"""Detects that a backup was restored: acknowledged counts of a process are missing."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self
from uuid import uuid4

from pymongo import ReturnDocument

from shared.storage.database.client import Database, database_errors

COLLECTION: Final = "witnesses"
_FORGOTTEN_AFTER: Final = 30 * 24 * 3600 * 1000
"""Milliseconds, longer than any process hangs: a missing count means a restore as well."""

# A day less than the database keeps counts, so that one that has expired is no restore.
_BELIEVED_FOR: Final = timedelta(days=29)
_ANNOUNCED: Final = "announced"


@dataclass(frozen=True, slots=True)
class WitnessCount:
    """The count that a database had acknowledged to a witness, to be recorded outside of it."""

    database: str
    witness: str
    count: int
    at: datetime

    def as_bytes(self) -> bytes:
        """Return the testimony as JSON."""
        fields = [self.database, self.witness, self.count, self.at.isoformat()]
        return json.dumps(fields).encode()

    @classmethod
    def read(cls, recorded: bytes) -> Self:
        """Return the testimony of recorded JSON."""
        database, witness, count, at = json.loads(recorded)
        return cls(database, witness, count, datetime.fromisoformat(at))


class Witness:
    """A counter in the database, written on a majority, for the life of a process.

    A count that a majority acknowledged cannot decrease by itself: a lower one means a restore.
    """

    def __init__(self, database: Database) -> None:
        self._collection = database[COLLECTION]
        self._id = uuid4().hex
        self._counted = 0

    async def has_seen_a_restore(self) -> bool:
        """Increment the counter; return whether the stored count was lower than acknowledged.

        Raises:
            Unavailable: The database does not answer.
        """
        count = {"$max": ["$count", self._counted + 1]}
        async with database_errors():
            before = await self._collection.find_one_and_update(
                {"_id": self._id},
                [{"$set": {"count": count, "expires_at": {"$add": ["$$NOW", _FORGOTTEN_AFTER]}}}],
                upsert=True,
                return_document=ReturnDocument.BEFORE,
            )
        known = before["count"] if before else 0
        went_back = known < self._counted
        self._counted += 1
        return bool(went_back)

    def testimony(self, now: datetime) -> WitnessCount:
        """Return the count acknowledged so far."""
        return WitnessCount(self._collection.database.name, self._id, self._counted, now)


async def contradicts(database: Database, testimony: WitnessCount, now: datetime) -> bool:
    """Say whether the stored count is below a testimony, and no restore was announced since.

    Raises:
        Unavailable: The database does not answer.
    """
    wanted = {"_id": {"$in": [testimony.witness, _ANNOUNCED]}}
    async with database_errors():
        found = {one["_id"]: one async for one in database[COLLECTION].find(wanted)}
    announced = found.get(_ANNOUNCED)
    if (announced and announced["at"] >= testimony.at) or now - testimony.at > _BELIEVED_FOR:
        return False
    known = found.get(testimony.witness)
    return (known["count"] if known else 0) < testimony.count


async def note_announced(database: Database, now: datetime) -> None:
    """Record that all restores up to now are known and dealt with."""
    async with database_errors():
        await database[COLLECTION].update_one(
            {"_id": _ANNOUNCED}, {"$set": {"at": now}}, upsert=True
        )
