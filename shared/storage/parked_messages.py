"""Parked messages, kept in the database so that they survive a loss of the broker's data."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.domain.clock import Clock
from shared.storage.database.client import Database, Document, database_errors

COLLECTION: Final = "parked"
DISCARDED: Final = "discarded"
"""Messages that an operator discarded, with the reason; only the command line writes there."""


@dataclass(frozen=True, slots=True)
class ParkedMessage:
    """A parked message of a work queue, and the reason."""

    queue: str
    message_id: str
    body: bytes
    correlation_id: str
    reason: str
    attempts: int
    parked_at: datetime | None = None

    @property
    def key(self) -> str:
        """The id in the database: the same message parked twice is stored once."""
        name = self.message_id or hashlib.sha256(self.body).hexdigest()
        return f"{self.queue}/{name}"


class ParkedStore:
    """The parked messages: services add them, an operator lists, replays and discards them."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._collection = database[COLLECTION]
        self._discarded = database[DISCARDED]
        self._clock = clock

    async def put(self, message: ParkedMessage) -> None:
        """Store a message durably; only after this may it be removed from the broker."""
        document = _document(message) | {"parked_at": message.parked_at or self._clock.now()}
        async with database_errors():
            await self._collection.update_one({"_id": message.key}, {"$set": document}, upsert=True)

    async def of(self, queue: str) -> list[ParkedMessage]:
        """Return the parked messages of a work queue, oldest first."""
        async with database_errors():
            found = await self._collection.find(
                {"queue": queue}, {"_id": 0}, sort=[("parked_at", 1)]
            ).to_list()
        return [ParkedMessage(**document) for document in found]

    async def forget(self, message: ParkedMessage) -> None:
        """Delete a message that has been replayed."""
        async with database_errors():
            await self._collection.delete_one({"_id": message.key})

    async def discard(self, message: ParkedMessage, why: str) -> None:
        """Move a message to the discarded ones, with the operator's reason."""
        document = {**_document(message), "why": why, "discarded_at": self._clock.now()}
        async with database_errors():
            await self._discarded.replace_one({"_id": message.key}, document, upsert=True)
        await self.forget(message)

    async def counts(self) -> dict[str, int]:
        """Return the number of parked messages by work queue; queues without any are left out."""
        async with database_errors():
            cursor = await self._collection.aggregate(
                # Sorted like the index, so that MongoDB reads only the index.
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
