"""Which pods of the gateway there are; the database forgets those that do not renew."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from shared.domain.clock import Clock
from shared.storage.client import HINT, Database, database_errors
from shared.storage.indexes import REPLICAS

_LASTS: Final = timedelta(seconds=30)


class ReplicaStore:
    """Names and addresses, each good for half a minute."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._collection = database[REPLICAS].with_options(write_concern=HINT)
        self._clock = clock

    async def note(self, name: str, url: str) -> None:
        """Say that a pod is there, and where it can be reached."""
        until = self._clock.now() + _LASTS
        async with database_errors():
            await self._collection.update_one(
                {"_id": name}, {"$set": {"url": url, "expires_at": until}}, upsert=True
            )

    async def all(self) -> Mapping[str, str]:
        """Return the addresses of the pods by their names."""
        async with database_errors():
            found = await self._collection.find(
                {"expires_at": {"$gt": self._clock.now()}}
            ).to_list()
        return {one["_id"]: one["url"] for one in found}

    async def forget(self, name: str) -> None:
        """Say that a pod has gone."""
        async with database_errors():
            await self._collection.delete_one({"_id": name})
