"""The pods of the gateway, in the database; those that do not renew are deleted."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from shared.domain.clock import Clock
from shared.storage.agents.agent_login_store import READS_THEM, AgentLoginStore
from shared.storage.database.client import HINT, Database, Document, database_errors
from shared.storage.indexes import REPLICAS

# Pods renew every five seconds: one that is slow once or twice stays known.
_LASTS: Final = timedelta(seconds=30)


class ReplicaStore:
    """Names and addresses of pods, each valid for 30 seconds."""

    def __init__(self, database: Database, clock: Clock) -> None:
        # A lost write is repeated by the next renewal.
        self._collection = database[REPLICAS].with_options(write_concern=HINT)
        self._logins = AgentLoginStore(database)
        self._clock = clock

    async def renew(self, name: str, url: str, *, news_form: int) -> None:
        """Store a pod for 30 seconds: its address, and the form of journal messages it reads.

        Stored as well is whether it may read logins from their own collection: `mailroom apply`
        moves them there only if all pods may.
        """
        until = self._clock.now() + _LASTS
        fields = {
            "url": url,
            "expires_at": until,
            "news_form": news_form,
            READS_THEM: await self._logins.is_readable(),
        }
        async with database_errors():
            await self._collection.update_one({"_id": name}, {"$set": fields}, upsert=True)

    async def all(self) -> Mapping[str, str]:
        """Return the addresses of the present pods by name."""
        return {one["_id"]: one["url"] for one in await self._present()}

    async def newest_news_form(self) -> int:
        """Return the newest form of journal messages that a pod reads, 0 where none is stored."""
        return max((one.get("news_form", 0) for one in await self._present()), default=0)

    async def remove(self, name: str) -> None:
        """Delete a pod that stops."""
        async with database_errors():
            await self._collection.delete_one({"_id": name})

    async def _present(self) -> list[Document]:
        async with database_errors():
            return await self._collection.find({"expires_at": {"$gt": self._clock.now()}}).to_list()
