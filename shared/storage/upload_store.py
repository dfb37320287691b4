"""Documents between an agent's request and the draft that it is about.

What a request was answered counts from then on: a Send that overtakes the command finds here what
has to be in the mail, and what must not be.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

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


class Awaits(StrEnum):
    """What a document still waits for: its request's answer, its link, or its removal."""

    ANSWER = "answer"
    LINK = "link"
    REMOVAL = WITHDRAWN


@dataclass(frozen=True, slots=True)
class Pending:
    """A document that is not settled, and what it waits for."""

    document: StoredDocument
    awaits: Awaits


class UploadStore:
    """The documents that agents add to drafts and take off them."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._collection = database[COLLECTION]
        self._database = database
        self._clock = clock

    async def add(self, interaction_id: str, attachment: Attachment, ref: ContentRef) -> None:
        """Note an upload whose request is not answered yet, or is made again."""
        fields = to_fields(interaction_id, attachment, ref, self._clock.now())
        async with database_errors():
            await self._collection.replace_one(
                {"_id": attachment.id}, {**fields, "awaits": Awaits.ANSWER.value}, upsert=True
            )

    async def promise(self, document_ids: Sequence[str]) -> None:
        """Note that the request is about to be answered: the documents belong to the draft."""
        await self._mark(
            {"_id": {"$in": list(document_ids)}, "awaits": Awaits.ANSWER.value}, Awaits.LINK
        )

    async def withdraw(self, document_ids: Sequence[str]) -> None:
        """Note that documents are not wanted, whether they are linked by now or not."""
        await self._mark({"_id": {"$in": list(document_ids)}}, Awaits.REMOVAL)

    async def mark_done(self, document_ids: Sequence[str]) -> None:
        """Note that documents wait for nothing."""
        async with database_errors():
            await self._collection.update_many(
                {"_id": {"$in": list(document_ids)}}, {"$unset": {"awaits": ""}}
            )

    async def get_and_keep(self, interaction_id: str, document_id: str) -> Pending | None:
        """Return a document that is to be linked, kept from the sweep; None where it is gone."""
        async with database_errors():
            document = await self._collection.find_one_and_update(
                {"_id": document_id, "interaction_id": interaction_id, "awaits": {"$exists": True}},
                {"$set": {"stored_at": self._clock.now()}},
            )
        return _to_pending(document) if document else None

    async def pending(self, interaction_id: str) -> list[Pending]:
        """Return what was promised about an interaction and is not done yet, oldest first."""
        awaited = [Awaits.LINK.value, Awaits.REMOVAL.value]
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
        """Give the documents that have waited since before a moment."""
        async with database_errors():
            async for document in self._collection.find(
                {"awaits": {"$exists": True}, "stored_at": {"$lt": before}}
            ):
                yield to_stored(document)

    async def forget(self, document: StoredDocument) -> bool:
        """Delete a document that still waits and that nobody has touched; say whether it did."""
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
        """Say whether a document, an arrival or a delivery refers to a content of the vault."""
        async with database_errors():
            for collection, field in _REFERENCES:
                if await self._database[collection].find_one({field: sha256}, {"_id": 1}):
                    return True
        return False

    async def _mark(self, wanted: Document, awaits: Awaits) -> None:
        async with database_errors():
            await self._collection.update_many(
                wanted, {"$set": {"awaits": awaits.value, "stored_at": self._clock.now()}}
            )


def _to_pending(document: Document) -> Pending:
    return Pending(to_stored(document), Awaits(document["awaits"]))
