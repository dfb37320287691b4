"""Documents that are to be added to a draft or removed from it.

An upload counts from the moment its request is answered. A Send may overtake the command that links
the document; it finds here which documents the mail must have and which it must not.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from pymongo.errors import DuplicateKeyError

from shared.domain.clock import Clock
from shared.domain.interaction import Attachment
from shared.storage.database.client import Database, Document, database_errors
from shared.storage.files.document_store import (
    COLLECTION,
    WITHDRAWN,
    StoredDocument,
    to_fields,
    to_stored,
)
from shared.storage.files.vault import ContentRef
from shared.storage.mails.arrival_store import COLLECTION as ARRIVALS
from shared.storage.mails.delivery_store import COLLECTION as DELIVERIES

_REFERENCES: Final = (
    (COLLECTION, "sha256"),
    (ARRIVALS, "content.sha256"),
    (DELIVERIES, "raw.sha256"),
)


class AwaitedEvent(StrEnum):
    """The next event of a document: the answer to its request, its link, or its removal."""

    ANSWER = "answer"
    LINK = "link"
    REMOVAL = WITHDRAWN


@dataclass(frozen=True, slots=True)
class Pending:
    """A document and what it waits for."""

    document: StoredDocument
    awaits: AwaitedEvent


class UploadStore:
    """The documents that agents add to drafts and remove from them."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._collection = database[COLLECTION]
        self._database = database
        self._clock = clock

    async def add(self, interaction_id: str, attachment: Attachment, ref: ContentRef) -> bool:
        """Store an upload whose request is not answered yet, or is repeated.

        Returns:
            False if the document has another content; it then stays as it is.
        """
        fields = to_fields(interaction_id, attachment, ref, self._clock.now())
        try:
            async with database_errors():
                await self._collection.replace_one(
                    {"_id": attachment.id, "sha256": ref.sha256},
                    {**fields, "awaits": AwaitedEvent.ANSWER.value},
                    upsert=True,
                )
        except DuplicateKeyError:
            return False
        return True

    async def promise(self, document_ids: Sequence[str]) -> None:
        """Record that the documents belong to the draft, just before the request is answered."""
        await self._mark(
            {"_id": {"$in": list(document_ids)}, "awaits": AwaitedEvent.ANSWER.value},
            AwaitedEvent.LINK,
        )

    async def withdraw(self, document_ids: Sequence[str]) -> None:
        """Mark documents for removal, linked or not."""
        await self._mark({"_id": {"$in": list(document_ids)}}, AwaitedEvent.REMOVAL)

    async def mark_done(self, document_ids: Sequence[str]) -> None:
        """Record that documents wait for nothing."""
        async with database_errors():
            await self._collection.update_many(
                {"_id": {"$in": list(document_ids)}}, {"$unset": {"awaits": ""}}
            )

    async def get_and_keep(self, interaction_id: str, document_id: str) -> Pending | None:
        """Return a waiting document and keep it from the sweep; None if it is gone."""
        async with database_errors():
            document = await self._collection.find_one_and_update(
                {"_id": document_id, "interaction_id": interaction_id, "awaits": {"$exists": True}},
                {"$set": {"stored_at": self._clock.now()}},
            )
        return _to_pending(document) if document else None

    async def pending(self, interaction_id: str) -> list[Pending]:
        """Return the documents of an interaction that wait for link or removal, oldest first."""
        awaited = [AwaitedEvent.LINK.value, AwaitedEvent.REMOVAL.value]
        async with database_errors():
            found = await (
                self._collection.find(
                    {"interaction_id": interaction_id, "awaits": {"$in": awaited}}
                )
                .sort("_id")
                .to_list()
            )
        return [_to_pending(document) for document in found]

    async def unsettled(self, before: datetime) -> AsyncIterator[StoredDocument]:
        """Yield the documents that have waited since before a moment."""
        async with database_errors():
            async for document in self._collection.find(
                {"awaits": {"$exists": True}, "stored_at": {"$lt": before}}
            ):
                yield to_stored(document)

    async def forget(self, document: StoredDocument) -> bool:
        """Delete a document if it still waits and is unchanged; return whether it was deleted."""
        async with database_errors():
            result = await self._collection.delete_one(
                {
                    "_id": document.id,
                    "stored_at": document.stored_at,
                    "awaits": {"$exists": True},
                }
            )
        return bool(result.deleted_count)

    async def is_referred(self, sha256: str) -> bool:
        """Say whether a document, an arrival or a delivery refers to a content."""
        async with database_errors():
            for collection, field in _REFERENCES:
                if await self._database[collection].find_one({field: sha256}, {"_id": 1}):
                    return True
        return False

    async def _mark(self, wanted: Document, awaits: AwaitedEvent) -> None:
        async with database_errors():
            await self._collection.update_many(
                wanted, {"$set": {"awaits": awaits.value, "stored_at": self._clock.now()}}
            )


def _to_pending(document: Document) -> Pending:
    return Pending(to_stored(document), AwaitedEvent(document["awaits"]))
