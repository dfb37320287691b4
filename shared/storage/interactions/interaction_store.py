"""The store of interactions: read a snapshot, decide, write the next one with its events."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from pymongo import UpdateOne

from shared.contracts.envelope import Cause, Contract
from shared.contracts.outgoing import Outgoing, wrap
from shared.domain.clock import Clock
from shared.domain.errors import StaleInteractionError, Unavailable, UnknownInteractionError
from shared.domain.interaction import Interaction
from shared.storage.database.batching import BatchInserter, BatchReader, BatchUpdater, Update
from shared.storage.database.client import HINT, Collection, Database, Document, database_errors
from shared.storage.database.outbox import to_entry, to_message
from shared.storage.interactions.interaction_documents import (
    WITHOUT_TEXT,
    changed_fields,
    to_document,
    to_interaction,
)

COLLECTION: Final = "interactions"
# A repetition comes soon after the first; an interaction has few commands at a time.
_REMEMBERED_COMMANDS: Final = 16
# Every lost race is another writer's success. After so many the message is retried later.
_TRIES: Final = 8
_MOST_UNPUBLISHED: Final = 1_000
"""Events of one interaction that may wait for the broker: a document has at most 16 MB."""


class Announce(Protocol):
    """Publishes the outbox of a document."""

    async def __call__(self, document_id: str, owed: Sequence[Outgoing], /) -> None:
        """Publish, or leave the messages to the sweep."""
        ...


@dataclass(frozen=True, slots=True)
class Change:
    """The next snapshot of an interaction, and the messages to publish with it."""

    after: Interaction
    announcing: Sequence[Contract] = ()


class InteractionStore:
    """All interactions, each one document with its outbox inside.

    `in_streams` is for a service that changes many interactions one after the other and is in no
    hurry: more of them share a round trip, and each may wait for some milliseconds.
    """

    def __init__(
        self, database: Database, clock: Clock, announce: Announce, *, in_streams: bool = False
    ) -> None:
        self._collection: Collection = database[COLLECTION]
        self._inserts = BatchInserter(self._collection)
        self._updates = BatchUpdater(self._collection, in_streams=in_streams)
        self._reads = BatchReader(self._collection, in_streams=in_streams)
        self._reads_without_text = BatchReader(
            self._collection, WITHOUT_TEXT, in_streams=in_streams
        )
        self._clock = clock
        self._announce = announce

    async def get(self, interaction_id: str, *, with_text: bool = True) -> Interaction:
        """Return the present snapshot, without `with_text` one without the text of its mail.

        Raises:
            UnknownInteractionError: There is no interaction of that id.
        """
        return to_interaction(await self._read(interaction_id, with_text=with_text))

    async def add(
        self, interaction: Interaction, cause: Cause, announcing: Sequence[Contract], **marks: str
    ) -> bool:
        """Store a new interaction and publish its messages; return whether it was new.

        `marks` are further fields under a unique index. If the id or a mark is taken, nothing is
        stored.
        """
        now = self._clock.now()
        owed = [wrap(contract, cause, now) for contract in announcing]
        document = (
            to_document(interaction)
            | marks
            | {
                "outbox": [to_entry(message, now) for message in owed],
                "applied": [str(cause.message_id)] if cause.message_id else [],
                "changed_at": now,
            }
        )
        async with database_errors():
            is_new = await self._inserts.add(document)
        if is_new:
            await self._announce(interaction.id, owed)
        return is_new

    async def change(
        self,
        interaction_id: str,
        cause: Cause,
        decide: Callable[[Interaction], Change],
        *,
        with_text: bool = False,
        expected_version: int | None = None,
    ) -> Interaction:
        """Apply a pure decision to the present snapshot, once per message; return the next one.

        If another process writes first, `decide` is called again with the newer snapshot. If the
        message of `cause` was applied before, nothing changes, and the outbox is published again.
        With `expected_version` no other version is changed.

        Raises:
            UnknownInteractionError: There is no interaction of that id.
            ChangedMeanwhileError: It has another version than expected.
            Refused: Whatever `decide` raises.
            StaleInteractionError: Other processes wrote first, eight times.
            Unavailable: Too many earlier events wait for the broker.
        """
        for _ in range(_TRIES):
            document = await self._read(interaction_id, with_text=with_text)
            if cause.message_id and str(cause.message_id) in document["applied"]:
                await self._announce_again(document)
                return to_interaction(document)
            if len(document["outbox"]) >= _MOST_UNPUBLISHED:
                await self._announce_again(document)
                raise Unavailable(f"the broker has not taken the events of {interaction_id} yet")
            before = to_interaction(document)
            before.require_version(expected_version)
            change = decide(before)
            if await self._write(before, change, cause):
                return change.after
        raise StaleInteractionError(interaction_id)

    async def note_refusal(self, interaction_id: str, cause: Cause) -> None:
        """Record that the message of `cause` was refused, for requests that wait for its outcome.

        The write may be lost (`w: 1`); the requests then wait until their timeout.
        """
        if cause.message_id is None:
            return
        refused = {"$each": [str(cause.message_id)], "$slice": -_REMEMBERED_COMMANDS}
        async with database_errors():
            await self._collection.with_options(write_concern=HINT).update_one(
                {"_id": interaction_id}, {"$push": {"refused": refused}}
            )

    async def change_together(self, decided: Sequence[tuple[Interaction, Change]]) -> list[bool]:
        """Write several decided changes in one write, and publish their messages.

        Each change must announce at least one message. Return for each whether it was written,
        which it is only if its snapshot was still the newest.
        """
        if not decided:
            return []
        now = self._clock.now()
        owed = [_owed(change, Cause.about(before.id), now) for before, change in decided]
        updates = [
            UpdateOne(_unchanged(before), _update(before, change, messages, now))
            for (before, change), messages in zip(decided, owed, strict=True)
        ]
        async with database_errors():
            result = await self._collection.bulk_write(updates, ordered=False)
            written = [messages[0].id for messages in owed]
            if result.matched_count < len(updates):
                written = await self._owed_now([before.id for before, _ in decided])
        ours = [messages[0].id in written for messages in owed]
        await asyncio.gather(
            *(
                self._announce(before.id, messages)
                for (before, _), messages, is_ours in zip(decided, owed, ours, strict=True)
                if is_ours
            )
        )
        return ours

    async def _owed_now(self, ids: Sequence[str]) -> list[str]:
        found = await self._collection.find({"_id": {"$in": ids}}, {"outbox.id": 1}).to_list()
        return [entry["id"] for document in found for entry in document["outbox"]]

    async def _read(self, interaction_id: str, *, with_text: bool) -> Document:
        reads = self._reads if with_text else self._reads_without_text
        async with database_errors():
            document = await reads.get(interaction_id)
        if document is None:
            raise UnknownInteractionError(interaction_id)
        return document

    async def _write(self, before: Interaction, change: Change, cause: Cause) -> bool:
        now = self._clock.now()
        owed = _owed(change, cause, now)
        update = _update(before, change, owed, now)
        if cause.message_id:
            update["$push"]["applied"] = {
                "$each": [str(cause.message_id)],
                "$slice": -_REMEMBERED_COMMANDS,
            }
        async with database_errors():
            is_written = await self._updates.apply(
                Update(_unchanged(before), update, _proof(before, owed, cause))
            )
        if is_written:
            await self._announce(before.id, owed)
        return is_written

    async def _announce_again(self, document: Document) -> None:
        if document["outbox"]:
            await self._announce(
                document["_id"], [to_message(entry) for entry in document["outbox"]]
            )


def _owed(change: Change, cause: Cause, now: datetime) -> list[Outgoing]:
    return [wrap(contract, cause, now) for contract in change.announcing]


def _unchanged(before: Interaction) -> Document:
    return {"_id": before.id, "version": before.version}


def _proof(before: Interaction, owed: Sequence[Outgoing], cause: Cause) -> Document | None:
    """Return a filter that matches only after this change, None if there is none."""
    if owed:
        return {"_id": before.id, "outbox.id": owed[0].id}
    if cause.message_id:
        return {"_id": before.id, "applied": str(cause.message_id)}
    return None


def _update(
    before: Interaction, change: Change, owed: Sequence[Outgoing], now: datetime
) -> Document:
    return {
        "$set": changed_fields(before, change.after) | {"changed_at": now},
        "$push": {"outbox": {"$each": [to_entry(message, now) for message in owed]}},
    }
