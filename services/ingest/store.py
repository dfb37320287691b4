"""What ingest asks of the interactions: which one a mail answers."""

from collections.abc import Sequence

from services.ingest.interpreting import Parent
from shared.domain.lifecycle import Direction
from shared.storage import interactions
from shared.storage.client import Database, database_errors


class ThreadStore:
    """Interactions by Message-ID."""

    def __init__(self, database: Database) -> None:
        self._collection = database[interactions.COLLECTION]

    async def parent(self, references: Sequence[str], mailbox: str) -> Parent | None:
        """Return the interaction of the first id that is known; ids are given nearest first.

        Of a mail that came to several mailboxes, it is the interaction of the one asked for.
        """
        if not references:
            return None
        fields = {"mail.message_id": 1, "thread_id": 1, "direction": 1, "mailbox": 1}
        async with database_errors():
            found = await self._collection.find(
                {"mail.message_id": {"$in": list(references)}}, fields
            ).to_list()
        found.sort(key=lambda document: document["mailbox"] == mailbox)
        by_id = {document["mail"]["message_id"]: document for document in found}
        for message_id in references:
            if document := by_id.get(message_id):
                return Parent(
                    document["_id"],
                    document["thread_id"] or document["_id"],
                    Direction(document["direction"]),
                )
        return None

    async def note_copy(self, arrival_key: str, arrival_id: str) -> None:
        """Remember on the interaction that the same mail has arrived again."""
        async with database_errors():
            await self._collection.update_one(
                {"arrival_key": arrival_key, "arrival_id": {"$ne": arrival_id}},
                {"$addToSet": {"copies": arrival_id}},
            )
