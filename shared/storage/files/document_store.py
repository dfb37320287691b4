"""Documents: the content in the vault of each attachment of an interaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from pymongo import UpdateOne

from shared.domain.clock import Clock
from shared.domain.interaction import Attachment
from shared.storage.database.client import Database, Document, database_errors
from shared.storage.files.vault import ContentRef

COLLECTION: Final = "documents"
WITHDRAWN: Final = "removal"
NONE_HELD: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """An attachment with its content in the vault.

    `withdrawn` means that it is to be removed. `held` says why nobody gets it: the virus scanner
    found something; it is empty for any other file.
    """

    id: str
    interaction_id: str
    name: str
    media_type: str
    content: ContentRef
    stored_at: datetime
    content_id: str = ""
    withdrawn: bool = False
    held: str = ""

    @property
    def attachment(self) -> Attachment:
        """The document as an attachment of the interaction."""
        return Attachment(self.id, self.name, self.content.size, self.media_type, self.content_id)


class DocumentStore:
    """All documents, by the id of their attachment."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._collection = database[COLLECTION]
        self._clock = clock

    async def add(
        self,
        interaction_id: str,
        stored: Sequence[tuple[Attachment, ContentRef]],
        held: Mapping[str, str] = NONE_HELD,
    ) -> None:
        """Record the contents of attachments; a repetition changes nothing.

        `held` has the reason for each attachment that nobody gets, by its id.
        """
        now = self._clock.now()
        async with database_errors():
            await self._collection.bulk_write(
                [
                    UpdateOne(
                        {"_id": attachment.id},
                        {
                            "$setOnInsert": {
                                **to_fields(interaction_id, attachment, ref, now),
                                **_held(held.get(attachment.id, "")),
                            }
                        },
                        upsert=True,
                    )
                    for attachment, ref in stored
                ],
                ordered=False,
            )

    async def get(self, document_id: str) -> StoredDocument | None:
        """Return a document, None while its content is not stored."""
        async with database_errors():
            document = await self._collection.find_one({"_id": document_id})
        return to_stored(document) if document else None

    async def stored(self, interaction_id: str) -> set[str]:
        """Return the ids of an interaction's stored documents."""
        async with database_errors():
            found = await self._collection.find(
                {"interaction_id": interaction_id}, {"_id": 1}
            ).to_list()
        return {document["_id"] for document in found}

    async def held(self, interaction_id: str) -> dict[str, str]:
        """Return why documents of an interaction are held, by their ids; none for clean ones."""
        async with database_errors():
            found = await self._collection.find(
                {"interaction_id": interaction_id}, {"held": 1}
            ).to_list()
        return {document["_id"]: document["held"] for document in found if document.get("held")}


def _held(reason: str) -> Document:
    return {"held": reason} if reason else {}


def to_stored(document: Document) -> StoredDocument:
    """Return the document that a database document holds."""
    return StoredDocument(
        document["_id"],
        document["interaction_id"],
        document["name"],
        document["media_type"],
        ContentRef(document["sha256"], document["size"]),
        document["stored_at"],
        document.get("content_id", ""),
        document.get("awaits") == WITHDRAWN,
        document.get("held", ""),
    )


def to_fields(
    interaction_id: str, attachment: Attachment, ref: ContentRef, now: datetime
) -> Document:
    """Return the fields to store, without the id."""
    return {
        "interaction_id": interaction_id,
        "name": attachment.name,
        "media_type": attachment.media_type,
        "content_id": attachment.content_id,
        "sha256": ref.sha256,
        "size": ref.size,
        "stored_at": now,
    }
