"""Messages that could not be handled, kept where a broker that loses its data cannot lose them."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.domain.clock import Clock
from shared.storage.database.client import Database, Document, database_errors

COLLECTION: Final = "parked"
DISCARDED: Final = "discarded"
"""What an operator threw away, and why; only the command line writes there."""


@dataclass(frozen=True, slots=True)
class ParkedMessage:
    """A message as it was parked by a work queue, and why."""

    queue: str
    message_id: str
    body: bytes
    correlation_id: str
    reason: str
    attempts: int
    parked_at: datetime | None = None

    @property
    def key(self) -> str:
        """What it is known by: the same message parked twice is one."""
        name = self.message_id or hashlib.sha256(self.body).hexdigest()
        return f"{self.queue}/{name}"


class ParkedStore:
    """What services put here, and an operator lists and takes out again."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._collection = database[COLLECTION]
        self._discarded = database[DISCARDED]
        self._clock = clock

    async def put(self, message: ParkedMessage) -> None:
        """Keep a message; only then is it safe to take it from the broker."""
        document = _document(message) | {"parked_at": message.parked_at or self._clock.now()}
        async with database_errors():
            await self._collection.update_one({"_id": message.key}, {"$set": document}, upsert=True)

    async def of(self, queue: str) -> list[ParkedMessage]:
        """Return what a work queue parked, oldest first."""
        async with database_errors():
            found = await self._collection.find(
                {"queue": queue}, {"_id": 0}, sort=[("parked_at", 1)]
            ).to_list()
        return [ParkedMessage(**document) for document in found]

    async def forget(self, message: ParkedMessage) -> None:
        """Forget a message that is back at work."""
        async with database_errors():
            await self._collection.delete_one({"_id": message.key})

    async def discard(self, message: ParkedMessage, why: str) -> None:
        """Move a message to those that nobody handles any more, with the operator's reason."""
        document = {**_document(message), "why": why, "discarded_at": self._clock.now()}
        async with database_errors():
            await self._discarded.replace_one({"_id": message.key}, document, upsert=True)
        await self.forget(message)

    async def counts(self) -> dict[str, int]:
        """Return how many messages each work queue parked, of those that parked any."""
        async with database_errors():
            cursor = await self._collection.aggregate(
                # Sorted like the index, which then is all that is looked at.
                [{"$sort": {"queue": 1}}, {"$group": {"_id": "$queue", "count": {"$sum": 1}}}]
            )
            return {one["_id"]: one["count"] async for one in cursor}


def _document(message: ParkedMessage) -> Document:
    return {
        "queue": message.queue,
        "message_id": message.message_id,
        "body": message.body,
        "correlation_id": message.correlation_id,
        "reason": message.reason,
        "attempts": message.attempts,
        "parked_at": message.parked_at,
    }
