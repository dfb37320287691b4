"""Where interactions live: read a snapshot, decide, write the next one together with its events."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from pymongo.errors import DuplicateKeyError

from shared.contracts.envelope import Cause, Contract
from shared.contracts.outgoing import Outgoing, wrap
from shared.domain.clock import Clock
from shared.domain.errors import StaleInteractionError, UnknownInteractionError
from shared.domain.interaction import Interaction
from shared.storage.client import Collection, Database, Document, database_errors
from shared.storage.outbox import to_entry, to_message
from shared.storage.snapshots import WITHOUT_TEXT, changed_fields, to_document, to_interaction

COLLECTION: Final = "interactions"
_REMEMBERED_COMMANDS: Final = 16
_TRIES: Final = 8


class Announce(Protocol):
    """Publishes what a document owes."""

    async def __call__(self, document_id: str, owed: Sequence[Outgoing], /) -> None:
        """Publish, or leave it to the sweep."""
        ...


@dataclass(frozen=True, slots=True)
class Change:
    """The next snapshot of an interaction, and what is announced with it."""

    after: Interaction
    announcing: Sequence[Contract] = ()


class InteractionStore:
    """All interactions, each one document with its outbox inside."""

    def __init__(self, database: Database, clock: Clock, announce: Announce) -> None:
        self._collection: Collection = database[COLLECTION]
        self._clock = clock
        self._announce = announce

    async def get(self, interaction_id: str, *, with_text: bool = True) -> Interaction:
        """Return the present snapshot.

        Raises:
            UnknownInteractionError: There is none of that id.
        """
        return to_interaction(await self._read(interaction_id, with_text=with_text))

    async def add(
        self, interaction: Interaction, cause: Cause, announcing: Sequence[Contract], **marks: str
    ) -> bool:
        """Store a new interaction and announce it; say whether it was new.

        `marks` are further fields that a unique index watches. Where the id or a mark is taken,
        nothing is stored.
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
            try:
                await self._collection.insert_one(document)
            except DuplicateKeyError:
                return False
        await self._announce(interaction.id, owed)
        return True

    async def change(
        self,
        interaction_id: str,
        cause: Cause,
        decide: Callable[[Interaction], Change],
        *,
        with_text: bool = False,
        known: Interaction | None = None,
        expected_version: int | None = None,
    ) -> Interaction:
        """Apply a pure decision to the present snapshot, once per message, and announce it.

        The decision is taken again when somebody else was faster. Where the message of `cause`
        has been applied before, nothing changes and what is still owed is announced. `known` is
        a snapshot read a moment ago, which saves reading it again. `expected_version` is the only
        one that may be changed.

        Raises:
            UnknownInteractionError: There is none of that id.
            Refused: Whatever `decide` raises.
            StaleInteractionError: Others were faster each time.
        """
        if known is not None and expected_version in (None, known.version):
            change = decide(known)
            if await self._write(known, change, cause):
                return change.after
        for _ in range(_TRIES):
            document = await self._read(interaction_id, with_text=with_text)
            if cause.message_id and str(cause.message_id) in document["applied"]:
                await self._announce_again(document)
                return to_interaction(document)
            before = to_interaction(document)
            before.require_version(expected_version)
            change = decide(before)
            if await self._write(before, change, cause):
                return change.after
        raise StaleInteractionError(interaction_id)

    async def _read(self, interaction_id: str, *, with_text: bool) -> Document:
        async with database_errors():
            document = await self._collection.find_one(
                {"_id": interaction_id}, None if with_text else WITHOUT_TEXT
            )
        if document is None:
            raise UnknownInteractionError(f"there is no interaction {interaction_id}")
        return document

    async def _write(self, before: Interaction, change: Change, cause: Cause) -> bool:
        now = self._clock.now()
        owed = [wrap(contract, cause, now) for contract in change.announcing]
        update: Document = {
            "$set": changed_fields(before, change.after) | {"changed_at": now},
            "$push": {"outbox": {"$each": [to_entry(message, now) for message in owed]}},
        }
        if cause.message_id:
            update["$push"]["applied"] = {
                "$each": [str(cause.message_id)],
                "$slice": -_REMEMBERED_COMMANDS,
            }
        async with database_errors():
            result = await self._collection.update_one(
                {"_id": before.id, "version": before.version}, update
            )
        if result.matched_count:
            await self._announce(before.id, owed)
        return bool(result.matched_count)

    async def _announce_again(self, document: Document) -> None:
        if document["outbox"]:
            await self._announce(
                document["_id"], [to_message(entry) for entry in document["outbox"]]
            )
