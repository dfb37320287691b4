"""Allowances: how many different things may be done under a name until a moment, over all pods.

The write is the permission: whoever finds an allowance used up does nothing. A thing that comes
again, after a crash, is one that has been admitted already.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from pymongo.errors import DuplicateKeyError

from shared.storage.database.client import Database, Document, database_errors

COLLECTION: Final = "allowances"


class AllowanceStore:
    """The allowances in use. Each is gone a while after its end."""

    def __init__(self, database: Database) -> None:
        self._collection = database[COLLECTION]

    async def admit(self, name: str, thing: str, *, most: int, until: datetime) -> bool:
        """Count a thing under a name; return False if `most` others were admitted before.

        The allowance ends at the `until` of the first thing.
        """
        wanted = {
            "_id": name,
            "$or": [{"things": thing}, {f"things.{most - 1}": {"$exists": False}}],
        }
        changes = {"$addToSet": {"things": thing}, "$setOnInsert": {"expires_at": until}}
        try:
            async with database_errors():
                await self._collection.update_one(wanted, changes, upsert=True)
        except DuplicateKeyError:
            # It is used up, or another process began it at the same moment and there is room.
            async with database_errors():
                return (await self._collection.update_one(wanted, changes)).matched_count > 0
        return True

    async def is_any_used_up(self, most_of: Mapping[str, int]) -> bool:
        """Say whether nothing more is admitted under one of some names, each with its most."""
        if not most_of:
            return False
        full: list[Document] = [
            {"_id": name, f"things.{most - 1}": {"$exists": True}} for name, most in most_of.items()
        ]
        async with database_errors():
            return await self._collection.find_one({"$or": full}, {"_id": 1}) is not None

    async def used_up(self, names: Sequence[str], *, most: int) -> list[str]:
        """Return those of some allowances that nothing more is admitted under."""
        wanted = {"_id": {"$in": list(names)}, f"things.{most - 1}": {"$exists": True}}
        async with database_errors():
            return [one["_id"] async for one in self._collection.find(wanted, {"_id": 1})]
