"""The documents of interactions: which bytes of the vault belong to which attachment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pymongo import UpdateOne

from shared.domain.clock import Clock
from shared.domain.interaction import Attachment
from shared.storage.database.client import Database, Document, database_errors
from shared.storage.files.vault import ContentRef

COLLECTION: Final = "documents"
WITHDRAWN: Final = "removal"


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """An attachment whose bytes are in the vault; one that is `withdrawn` is on its way off."""

    id: str
    interaction_id: str
    name: str
    media_type: str
    content: ContentRef
    stored_at: datetime
    content_id: str = ""
    withdrawn: bool = False

    @property
    def attachment(self) -> Attachment:
        """The document as the interaction lists it."""
        return Attachment(self.id, self.name, self.content.size, self.media_type, self.content_id)


class DocumentStore:
    """All documents, by the id that the interaction's attachment has."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._collection = database[COLLECTION]
        self._clock = clock

    async def add(
        self, interaction_id: str, stored: Sequence[tuple[Attachment, ContentRef]]
    ) -> None:
        """Note where the bytes of attachments are; again is as good as once."""
        now = self._clock.now()
        async with database_errors():
            await self._collection.bulk_write(
                [
                    UpdateOne(
                        {"_id": attachment.id},
                        {"$setOnInsert": to_fields(interaction_id, attachment, ref, now)},
                        upsert=True,
                    )
                    for attachment, ref in stored
                ],
                ordered=False,
            )

    async def get(self, document_id: str) -> StoredDocument | None:
        """Return a document, or nothing while its bytes are not stored yet."""
        async with database_errors():
            document = await self._collection.find_one({"_id": document_id})
        return to_stored(document) if document else None

    async def stored(self, interaction_id: str) -> set[str]:
        """Return the ids of the documents of an interaction that are stored."""
        async with database_errors():
            found = await self._collection.find(
                {"interaction_id": interaction_id}, {"_id": 1}
            ).to_list()
        return {document["_id"] for document in found}


def to_stored(document: Document) -> StoredDocument:
    """Return the document that its fields describe."""
    return StoredDocument(
        document["_id"],
        document["interaction_id"],
        document["name"],
        document["media_type"],
        ContentRef(document["sha256"], document["size"]),
        document["stored_at"],
        document.get("content_id", ""),
        document.get("awaits") == WITHDRAWN,
    )


def to_fields(
    interaction_id: str, attachment: Attachment, ref: ContentRef, now: datetime
) -> Document:
    """Return what is stored of a document beside its id."""
    return {
        "interaction_id": interaction_id,
        "name": attachment.name,
        "media_type": attachment.media_type,
        "content_id": attachment.content_id,
        "sha256": ref.sha256,
        "size": ref.size,
        "stored_at": now,
    }
