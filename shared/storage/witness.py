"""A witness of what the database acknowledged: it notices when a backup was put in its place."""

from typing import Final
from uuid import uuid4

from pymongo import ReturnDocument

from shared.storage.client import Database, database_errors

COLLECTION: Final = "witnesses"
_FORGOTTEN_AFTER: Final = 30 * 24 * 3600 * 1000
"""Milliseconds, longer than any process hangs: a count that is missing has gone back, too."""


class Witness:
    """Counts up in the database, on a majority, for as long as the process lives.

    What a majority has acknowledged never goes back by itself.
    """

    def __init__(self, database: Database) -> None:
        self._collection = database[COLLECTION]
        self._id = uuid4().hex
        self._counted = 0

    async def has_seen_a_restore(self) -> bool:
        """Count one up; say whether the database knew less than it had acknowledged.

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
