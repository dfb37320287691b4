"""The contact center's description, applied by the operator and read by every service."""

from datetime import timedelta
from typing import Final

from shared.contracts.contact_center import ContactCenter
from shared.domain.clock import Clock
from shared.domain.errors import Unavailable
from shared.storage.database.client import Database, database_errors

COLLECTION: Final = "configuration"
_ID: Final = "contact-center"
KEPT_FOR: Final = timedelta(seconds=5)
"""A service may use a description for this long before it reads it again."""


class NotConfiguredError(Unavailable):
    """No description has been applied yet: run `mailroom apply FILE`."""


class ConfigurationStore:
    """The description in force, cached for five seconds."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._collection = database[COLLECTION]
        self._clock = clock
        self._read_at = clock.now() - KEPT_FOR
        self._current: ContactCenter | None = None

    async def current(self) -> ContactCenter:
        """Return the description in force.

        Raises:
            NotConfiguredError: `mailroom apply` has never been run on this database.
        """
        now = self._clock.now()
        if self._current is None or now - self._read_at >= KEPT_FOR:
            self._current = await self.read()
            self._read_at = now
        if self._current is None:
            raise NotConfiguredError("no contact center yet: run `mailroom apply FILE`")
        return self._current

    async def read(self) -> ContactCenter | None:
        """Return the stored description without the cache; None if there is none."""
        async with database_errors():
            document = await self._collection.find_one({"_id": _ID})
        return ContactCenter.model_validate(document["content"]) if document else None

    async def write(self, contact_center: ContactCenter) -> None:
        """Put a description in force for all services, within five seconds."""
        content = contact_center.model_dump(mode="json", exclude={"agents"})
        async with database_errors():
            await self._collection.update_one(
                {"_id": _ID},
                {"$set": {"content": content, "applied_at": self._clock.now()}},
                upsert=True,
            )
