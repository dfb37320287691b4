"""Stores what agents prefer, one document for each."""

import json

from services.gateway.http.json_body import Body
from shared.storage.database.client import Database, database_errors
from shared.storage.indexes import PREFERENCES


class PreferenceStore:
    """Preferences as text: their names belong to clients, and may be none that a query can have.

    Every method raises `Unavailable` where the database does not answer.
    """

    def __init__(self, database: Database) -> None:
        self._collection = database[PREFERENCES]

    async def find(self, agent_id: str) -> Body:
        """Return the preferences of an agent; an empty object where there are none."""
        async with database_errors():
            found = await self._collection.find_one({"_id": agent_id})
        preferences: Body = json.loads(found["text"]) if found else {}
        return preferences

    async def write(self, agent_id: str, preferences: Body) -> None:
        """Store all preferences of an agent in place of the former ones."""
        async with database_errors():
            await self._collection.update_one(
                {"_id": agent_id}, {"$set": {"text": json.dumps(preferences)}}, upsert=True
            )
