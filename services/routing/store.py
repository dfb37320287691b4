"""Routing's queries of the interactions: waiting, offered, owned."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pymongo import ASCENDING

from shared.contracts.events import AgentInvited
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import TAKING_A_PLACE, State
from shared.storage.database.client import (
    MANY_AT_ONCE,
    NEWEST,
    Database,
    Document,
    database_errors,
)
from shared.storage.interactions import interaction_store
from shared.storage.interactions.active import IS_WORKED_ON, unfinished
from shared.storage.interactions.interaction_documents import WITHOUT_TEXT, to_interaction

# A sweep that finds more takes the others the next time.
_MOST: Final = 500
# One to offer, and one to see that there is another.
_FIRST_PAGE: Final = 2
_BY_PLACE: Final = [("rank", ASCENDING), ("_id", ASCENDING)]
MOST_NEEDS: Final = 190
"""Sets of skills that are told apart in one pass.

MongoDB merges at most 200 scans of an index by their order, and sorts beyond. Mails without needs
or without a key are three scans more.
"""


@dataclass(frozen=True, slots=True)
class Offer:
    """An open invitation.

    `is_published` says whether its event has left the outbox, `extensions` how often its agent has
    extended it, `offered_at` when it was made: None where an earlier release made it.
    """

    interaction_id: str
    agent_id: str
    expires_at: datetime
    is_published: bool
    extensions: int = 0
    offered_at: datetime | None = None


class WaitingStore:
    """Reads interactions for routing, without the text of their mails."""

    def __init__(self, database: Database) -> None:
        self._collection = database[interaction_store.COLLECTION]
        self._newest = self._collection.with_options(read_concern=NEWEST)

    async def waiting(
        self,
        queue: str,
        needs_keys: Collection[str] | None = None,
        without: Collection[str] = (),
    ) -> AsyncIterator[Interaction]:
        """Yield the interactions that wait in a queue by their rank, the first ones first.

        With `needs_keys`, only those that need one of these sets of skills, or none; otherwise all
        but those that need one of `without`, which the database looks at one by one.
        """
        wanted: Document = {"queue": queue, "state": State.QUEUED.value}
        if needs_keys is not None:
            # An earlier release wrote no key.
            wanted["needs_key"] = {"$in": [None, "", *sorted(needs_keys)]}
        elif without:
            wanted["needs_key"] = {"$nin": sorted(without)}
        # If no agent is free, the caller stops after the first: a small page is enough.
        first = await self._page(wanted, _FIRST_PAGE)
        for document in first:
            yield to_interaction(document)
        if len(first) < _FIRST_PAGE:
            return
        seen = {document["_id"] for document in first}
        # An earlier release wrote no rank: such mails come first.
        if rank := first[-1].get("rank"):
            wanted["rank"] = {"$gte": rank}
        async for document in self._each(wanted):
            if document["_id"] not in seen:
                yield to_interaction(document)

    async def sets_of_needs(self, queue: str) -> dict[str, Mapping[str, int]]:
        """Return the sets of skills that the interactions of a queue need, by their keys.

        At most 191 of them: one more than are told apart. The database looks into the index once
        for each set, however many interactions there are.
        """
        stages: list[Document] = [
            {
                "$match": {
                    "queue": queue,
                    "state": State.QUEUED.value,
                    "needs_key": {"$gt": ""},
                }
            },
            {"$sort": {"queue": ASCENDING, "state": ASCENDING, "needs_key": ASCENDING}},
            {"$group": {"_id": "$needs_key", "needs": {"$first": "$needs"}}},
            {"$limit": MOST_NEEDS + 1},
        ]
        async with database_errors():
            found = await (
                await self._collection.aggregate(stages, batchSize=MANY_AT_ONCE)
            ).to_list()
        return {one["_id"]: one["needs"] for one in found}

    async def waiting_for_skill(self, queue: str) -> AsyncIterator[Interaction]:
        """Yield those of a queue that a transfer left for a skill, by their rank."""
        wanted = {"queue": queue, "state": State.QUEUED.value, "skill": {"$gt": ""}}
        async for document in self._each(wanted):
            yield to_interaction(document)

    async def unanswered(self, until: datetime) -> list[Offer]:
        """Return the open offers that ended at `until` or before, at most 500."""
        return await self._offers({"invitation.expires_at": {"$lte": until}})

    async def offered_to(self, agent_id: str) -> list[Offer]:
        """Return the open offers to an agent, at most 500."""
        return await self._offers({"invitation.agent_id": agent_id})

    async def workers(self) -> list[str]:
        """Return the ids of the agents who own an interaction. An index covers the query."""
        stages: list[Document] = [{"$match": IS_WORKED_ON}, {"$group": {"_id": "$owner_id"}}]
        async with database_errors():
            found = await (
                await self._collection.aggregate(stages, batchSize=MANY_AT_ONCE)
            ).to_list()
        return [one["_id"] for one in found]

    async def worked_on_by(self, agent_ids: Sequence[str]) -> dict[str, int]:
        """Return the ids and versions of the interactions that agents own, at most 500."""
        return await self._versions({"owner_id": {"$in": list(agent_ids)}} | IS_WORKED_ON)

    async def untouched(self, since: datetime) -> dict[str, int]:
        """Return the ids and versions of owned work unchanged after `since`, at most 500.

        Work with an answer that changed after `since` is left out.
        """
        found = await self._versions(IS_WORKED_ON | {"changed_at": {"$lte": since}})
        if not found:
            return found
        async with database_errors():
            answered = await self._collection.distinct(
                "parent_id", {"parent_id": {"$in": list(found)}, "changed_at": {"$gt": since}}
            )
        return {one: version for one, version in found.items() if one not in set(answered)}

    async def held(self) -> Mapping[str, set[str]]:
        """Return the interactions that each agent is invited to or works on."""
        async with database_errors():
            found = await self._collection.find(
                unfinished(TAKING_A_PLACE),
                {"owner_id": 1, "invitation.agent_id": 1},
                batch_size=MANY_AT_ONCE,
            ).to_list()
        held: dict[str, set[str]] = {}
        for document in found:
            invited = (document.get("invitation") or {}).get("agent_id")
            held.setdefault(invited or document["owner_id"], set()).add(document["_id"])
        return held

    async def _versions(self, wanted: Document) -> dict[str, int]:
        async with database_errors():
            found = await self._collection.find(
                wanted, {"version": 1}, limit=_MOST, batch_size=_MOST
            ).to_list()
        return {document["_id"]: document["version"] for document in found}

    async def _page(self, wanted: Document, most: int) -> list[Document]:
        async with database_errors():
            return await self._collection.find(
                wanted, WITHOUT_TEXT, sort=_BY_PLACE, limit=most
            ).to_list()

    async def _each(self, wanted: Document) -> AsyncIterator[Document]:
        async with database_errors():
            async for document in self._collection.find(
                wanted, WITHOUT_TEXT, sort=_BY_PLACE, batch_size=50
            ):
                yield document

    async def _offers(self, wanted: Document) -> list[Offer]:
        async with database_errors():
            # Entries leave an outbox by w:1 writes, which a majority read may not see yet.
            found = await self._newest.find(
                {"state": State.INVITED.value} | wanted,
                {"invitation": 1, "offered_at": 1, "extensions": 1, "outbox.key": 1},
            ).to_list(_MOST)
        return [
            Offer(
                one["_id"],
                one["invitation"]["agent_id"],
                one["invitation"]["expires_at"],
                is_published=not any(map(_is_invitation, one["outbox"])),
                extensions=one.get("extensions", 0),
                offered_at=one.get("offered_at"),
            )
            for one in found
        ]


def _is_invitation(entry: Document) -> bool:
    return str(entry["key"]).startswith(AgentInvited.address)
