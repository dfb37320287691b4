"""The order in which an agent asked for operations on an interaction, shared by all pods."""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from shared.storage.database.batching import Batcher
from shared.storage.database.client import HINT, NEWEST, Database, Document, database_errors
from shared.storage.indexes import TURNS
from shared.storage.interactions import interaction_store

# Outcomes come in milliseconds; a turn whose outcome is lost must not block for long.
KEPT_FOR: Final = timedelta(minutes=1)
_MOST: Final = 16
"""Operations of an agent on one interaction without an outcome that are remembered."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One operation: its command's id, its interaction, and the id of what it may create."""

    command_id: str
    interaction_id: str
    creates: str
    at: datetime


class TurnStore:
    """Turns by interaction and agent. A lost turn can change an order, never lose a command."""

    def __init__(self, database: Database) -> None:
        self._turns = database[TURNS].with_options(write_concern=HINT, read_concern=NEWEST)
        # One round trip at a time: of two, the second could overtake the first.
        self._appending = Batcher(self._append_each, at_once=1)
        # An outcome counts when a reader of the interaction sees it. While a majority does not
        # have the write, such a reader may still see the state before.
        self._interactions = database[interaction_store.COLLECTION]

    async def append(self, key: str, turn: Turn) -> list[Turn]:
        """Append a turn; return the turns before it."""
        async with database_errors():
            several = await self._appending((key, turn))
        return [one for one in _before(turn, several) if one.at + KEPT_FOR > turn.at]

    async def _append_each(self, asked: Sequence[tuple[str, Turn]]) -> Sequence[Sequence[Turn]]:
        """Append turns in their order; return for each what its document holds after that."""
        keys = {key for key, _ in asked}
        if 1 < len(asked) == len(keys):
            with suppress(BulkWriteError):
                # Another pod may have made one of the documents at the same moment: once more, by
                # a command for each document. A turn that is written twice has its first place.
                return await self._append_together(asked)
        turns: dict[str, list[Turn]] = {}
        for key, turn in asked:
            turns.setdefault(key, []).append(turn)
        found = await asyncio.gather(
            *(
                self._turns.find_one_and_update({"_id": key}, _addition(*several), upsert=True)
                for key, several in turns.items()
            )
        )
        after = {key: [*_turns(one), *turns[key]] for key, one in zip(turns, found, strict=True)}
        return [after[key] for key, _ in asked]

    async def _append_together(self, asked: Sequence[tuple[str, Turn]]) -> Sequence[Sequence[Turn]]:
        """Append turns to different documents in one write; read those documents that were there.

        A document that the write has made holds its turn alone, as nearly all do.
        """
        written = await self._turns.bulk_write(
            [UpdateOne({"_id": key}, _addition(turn), upsert=True) for key, turn in asked],
            ordered=False,
        )
        after = {key: [turn] for key, turn in asked}
        made = (written.upserted_ids or {}).values()
        if several := sorted(after.keys() - made):
            cursor = self._turns.find({"_id": {"$in": several}}, batch_size=len(several) + 1)
            after |= {one["_id"]: _turns(one) for one in await cursor.to_list()}
        return [after[key] for key, _ in asked]

    async def remove(self, key: str, command_id: str) -> None:
        """Remove a turn whose command was not published."""
        async with database_errors():
            await self._turns.update_one(
                {"_id": key}, {"$pull": {"turns": {"command_id": command_id}}}
            )

    async def open(self, key: str, turns: Collection[Turn]) -> list[Turn]:
        """Return which of the turns still wait: neither given back nor with an outcome."""
        async with database_errors():
            queued = {one.command_id for one in _turns(await self._turns.find_one({"_id": key}))}
            left = [one for one in turns if one.command_id in queued]
            if not left:
                return []
            known = {name for one in left for name in (one.interaction_id, one.creates)}
            found = await self._interactions.find(
                {"_id": {"$in": sorted(known)}}, {"applied": 1, "refused": 1}
            ).to_list()
        done = {name for one in found for name in (*one["applied"], *one.get("refused", ()))}
        return [
            one
            for one in left
            if one.command_id not in done and one.creates not in {each["_id"] for each in found}
        ]


def _addition(*turns: Turn) -> Document:
    return {
        "$push": {"turns": {"$each": [_to_entry(one) for one in turns], "$slice": -_MOST}},
        "$set": {"expires_at": turns[-1].at + KEPT_FOR},
    }


def _before(turn: Turn, several: Sequence[Turn]) -> Sequence[Turn]:
    """Return the turns before one: all where it is not among them, because many came after it.

    Its first place counts. A repeated request does not wait for those that wait for it.
    """
    ids = [one.command_id for one in several]
    return several[: ids.index(turn.command_id)] if turn.command_id in ids else several


def _to_entry(turn: Turn) -> Document:
    return {
        "command_id": turn.command_id,
        "interaction_id": turn.interaction_id,
        "creates": turn.creates,
        "at": turn.at,
    }


def _turns(document: Document | None) -> Sequence[Turn]:
    return [Turn(**one) for one in document["turns"]] if document else []
