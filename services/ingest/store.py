"""The fields of interactions that ingest writes beside their snapshots."""

from typing import Final

from shared.storage.database.client import Database, database_errors
from shared.storage.interactions import interaction_store

_MOST_COPIES: Final = 100


class CopyStore:
    """Records repeated arrivals of the same mail."""

    def __init__(self, database: Database) -> None:
        self._collection = database[interaction_store.COLLECTION]

    async def record(self, arrival_key: str, arrival_id: str) -> None:
        """Add an arrival to the copies of its mail's interaction; at most 100 are kept."""
        async with database_errors():
            await self._collection.update_one(
                {
                    "arrival_key": arrival_key,
                    "arrival_id": {"$ne": arrival_id},
                    f"copies.{_MOST_COPIES - 1}": {"$exists": False},
                },
                {"$addToSet": {"copies": arrival_id}},
            )

    async def original(self, arrival_key: str, arrival_id: str) -> str | None:
        """Return the interaction that an earlier arrival became, None if there is none."""
        wanted = {"arrival_key": arrival_key, "arrival_id": {"$ne": arrival_id}}
        async with database_errors():
            found = await self._collection.find_one(wanted, {"_id": 1})
        return found["_id"] if found else None
