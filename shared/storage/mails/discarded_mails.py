"""The mails that rules or blocked contacts have discarded: listed, and deleted some time later.

A mail is marked first. From then on nobody can release it, so none is offered whose octets are gone
already. The mark keeps which contents belong to the mail, so that a process that dies on the way
leaves none behind.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pymongo import ASCENDING

from shared.domain.ids import id_of
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import State
from shared.domain.set_aside import DISCARDED, REASONS
from shared.storage.database.client import Database, Document, database_errors
from shared.storage.files import document_store
from shared.storage.interactions import interaction_store
from shared.storage.interactions.newest_mails import newest_mails
from shared.storage.mails import arrival_store

_REASON: Final = f"user_data.{DISCARDED}"
IS_DISCARDED: Final[Document] = {_REASON: {"$gt": ""}}
IS_MARKED: Final[Document] = {"deleting.at": {"$exists": True}}
MOST_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class MarkedMail:
    """A mail that is being deleted, and what belongs to it alone."""

    id: str
    arrival_ids: tuple[str, ...]
    contents: tuple[str, ...]
    """The SHA-256 of each content that may have no other reference."""


class DiscardedMailStore:
    """Discarded mails by their ids, which are in the order of their coming."""

    def __init__(self, database: Database) -> None:
        self._interactions = database[interaction_store.COLLECTION]
        self._arrivals = database[arrival_store.COLLECTION]
        self._documents = database[document_store.COLLECTION]

    async def page(self, *, after: str, limit: int, mailbox: str = "") -> list[Interaction]:
        """Return a page of the mails, the newest first, without their texts.

        `after` is the last id of the page before, "" for the first page. With `mailbox`, its
        address as described, only its mails.
        """
        wanted = _discarded() | ({"mailbox": mailbox} if mailbox else {})
        return await newest_mails(self._interactions, wanted, limit=limit, before=after)

    async def mark(self, before: datetime, now: datetime) -> int:
        """Mark mails that came before a moment for deletion, at most 500; return how many."""
        wanted = _discarded() | {"_id": {"$lt": id_of(before)}}
        count = 0
        async with database_errors():
            found = (
                await self._interactions.find(wanted, {"version": 1})
                .sort("_id", ASCENDING)
                .limit(MOST_AT_ONCE)
                .to_list()
            )
            for one in found:
                # Not one that is being released, or whose messages are still owed.
                marked = await self._interactions.update_one(
                    {
                        "_id": one["_id"],
                        "version": one["version"],
                        "outbox.0": {"$exists": False},
                        **IS_DISCARDED,
                    },
                    {
                        # It may be a report too, which has a release of its own.
                        "$unset": {f"user_data.{reason}": "" for reason in REASONS},
                        "$set": {"deleting": {"at": now}},
                        "$inc": {"version": 1},
                    },
                )
                count += marked.modified_count
        return count

    async def marked(self) -> list[MarkedMail]:
        """Return marked mails, at most 500. Their contents are noted before they are returned."""
        fields = {"arrival_id": 1, "copies": 1, "deleting": 1}
        async with database_errors():
            found = await self._interactions.find(IS_MARKED, fields).to_list(MOST_AT_ONCE)
            return [await self._noted(one) for one in found]

    async def delete_parts(self, mail: MarkedMail) -> None:
        """Delete the documents of a mail, and its arrivals that became nothing else."""
        async with database_errors():
            await self._documents.delete_many({"interaction_id": mail.id})
            if mail.arrival_ids:
                await self._arrivals.delete_many({"_id": {"$in": list(mail.arrival_ids)}})

    async def delete(self, mail: MarkedMail) -> bool:
        """Delete a mail itself, after everything else; return whether it was there."""
        async with database_errors():
            deleted = await self._interactions.delete_one({"_id": mail.id} | IS_MARKED)
        return bool(deleted.deleted_count)

    async def _noted(self, marked: Document) -> MarkedMail:
        arrival_ids = await self._own_arrivals(marked)
        documents = await self._documents.find(
            {"interaction_id": marked["_id"]}, {"sha256": 1}
        ).to_list()
        arrivals = await self._arrivals.find(
            {"_id": {"$in": arrival_ids}}, {"content.sha256": 1}
        ).to_list()
        contents = dict.fromkeys(
            (
                *marked["deleting"].get("contents", ()),
                *(one["sha256"] for one in documents),
                *(one["content"]["sha256"] for one in arrivals if "content" in one),
            )
        )
        await self._interactions.update_one(
            {"_id": marked["_id"]} | IS_MARKED, {"$set": {"deleting.contents": list(contents)}}
        )
        return MarkedMail(marked["_id"], tuple(arrival_ids), tuple(contents))

    async def _own_arrivals(self, marked: Document) -> list[str]:
        """Return the arrivals of a mail that are of no interaction that stays."""
        ids = list(dict.fromkeys(filter(None, (marked["arrival_id"], *marked.get("copies", ())))))
        kept = await self._also_elsewhere(marked["_id"], ids)
        return [one for one in ids if one not in kept]

    async def _also_elsewhere(self, interaction_id: str, arrival_ids: Sequence[str]) -> set[str]:
        # Two marked mails of one arrival would each keep it for the other.
        other = {"_id": {"$ne": interaction_id}, "deleting.at": {"$exists": False}}
        kept: set[str] = set()
        for field in ("arrival_id", "copies"):
            found = await self._interactions.find(
                {field: {"$in": list(arrival_ids)}} | other, {"arrival_id": 1, "copies": 1}
            ).to_list()
            for one in found:
                kept |= {one.get("arrival_id"), *one.get("copies", ())} - {None}
        return kept


def _discarded() -> Document:
    return {"state": State.COMPLETED.value} | IS_DISCARDED
