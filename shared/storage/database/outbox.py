"""The outbox: unpublished messages inside a document, so that one write stores both."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from shared.contracts.outgoing import Outgoing
from shared.domain.clock import Clock, SystemClock
from shared.storage.database.client import HINT, Collection, Document, database_errors

# A document may have thousands of messages, so pages are short.
_PAGE: Final = 100
_OWED_AGAIN_AFTER: Final = timedelta(hours=1)

HAS_MESSAGES: Final[Document] = {"outbox.0": {"$exists": True}}
"""A document with unpublished messages; also the filter of the partial index `owing`."""


def to_entry(message: Outgoing, now: datetime) -> Document:
    """Return a message as an entry of `outbox`."""
    return {
        "id": message.id,
        "at": now,
        "exchange": message.exchange,
        "key": message.routing_key,
        "body": message.body,
        "correlation_id": message.correlation_id,
    }


def to_message(entry: Document) -> Outgoing:
    """Return the message of an entry of `outbox`."""
    return Outgoing(
        entry["id"], entry["exchange"], entry["key"], entry["body"], entry["correlation_id"]
    )


class CollectionOutbox:
    """The outboxes of all documents in one collection."""

    def __init__(self, collection: Collection, clock: Clock | None = None) -> None:
        self._collection = collection
        self._clock = clock or SystemClock()

    async def unpublished(self, before: datetime) -> AsyncIterator[tuple[str, Sequence[Outgoing]]]:
        """Yield each document's id and messages, if one of them is older than `before`."""
        async with database_errors():
            owing = await self._collection.find(
                {**HAS_MESSAGES, "outbox.at": {"$lt": before}}, {"_id": 1}
            ).to_list()
        for begin in range(0, len(owing), _PAGE):
            for document in await self._page([one["_id"] for one in owing[begin : begin + _PAGE]]):
                yield document["_id"], [to_message(entry) for entry in document["outbox"]]

    async def postpone(self, published: Sequence[tuple[str, Sequence[str]]]) -> None:
        """Hide messages from the sweep for an hour, after which it publishes them again."""
        documents = [one for one, _ in published]
        messages = [message for _, ids in published for message in ids]
        async with database_errors():
            await self._collection.update_many(
                {"_id": {"$in": documents}},
                {"$set": {"outbox.$[one].at": self._clock.now() + _OWED_AGAIN_AFTER}},
                array_filters=[{"one.id": {"$in": messages}}],
            )

    async def remove(self, published: Sequence[tuple[str, Sequence[str]]]) -> None:
        """Remove messages, in one round trip. If this write is lost, they are published twice."""
        documents = [one for one, _ in published]
        messages = [message for _, ids in published for message in ids]
        async with database_errors():
            # One statement for all documents takes mongod a fifth of the time of one for each.
            await self._collection.with_options(write_concern=HINT).update_many(
                {"_id": {"$in": documents}}, {"$pull": {"outbox": {"id": {"$in": messages}}}}
            )

    async def _page(self, ids: Sequence[str]) -> list[Document]:
        # Read at once, because publishing may take longer than a cursor lives.
        async with database_errors():
            return await self._collection.find({"_id": {"$in": ids}}, {"outbox": 1}).to_list()
