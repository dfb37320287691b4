"""What routing asks of the interactions: who waits, whose time is up, who holds what."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from pymongo import ASCENDING

from shared.domain.interaction import Interaction
from shared.domain.lifecycle import State
from shared.storage import interactions
from shared.storage.client import Database, Document, database_errors
from shared.storage.snapshots import WITHOUT_TEXT, to_interaction

_MOST: Final = 500
_ON_A_DESK: Final = (State.ACCEPTED.value, State.REPLY_CREATED.value)


class WaitingStore:
    """The interactions from routing's side, read without their text."""

    def __init__(self, database: Database) -> None:
        self._collection = database[interactions.COLLECTION]

    async def waiting(self, queue: str) -> AsyncIterator[Interaction]:
        """Give the interactions that wait in a queue, the longest-waiting first."""
        async with database_errors():
            async for document in self._collection.find(
                {"queue": queue, "state": State.QUEUED.value},
                WITHOUT_TEXT,
                sort=[("queued_at", ASCENDING), ("_id", ASCENDING)],
                batch_size=50,
            ):
                yield to_interaction(document)

    async def unanswered(self, now: datetime) -> list[str]:
        """Return the ids of interactions whose invitation has ended, at most 500 of them."""
        return await self._ids(
            {"state": State.INVITED.value, "invitation.expires_at": {"$lte": now}}, _MOST
        )

    async def offered_to(self, agent_id: str) -> list[str]:
        """Return the ids of what is offered to an agent."""
        return await self._ids(
            {"state": State.INVITED.value, "invitation.agent_id": agent_id}, _MOST
        )

    async def worked_on_by(self, agent_ids: Sequence[str]) -> dict[str, int]:
        """Return the ids and versions of what some agents work on, at most 500 of them."""
        return await self._versions(
            {"owner_id": {"$in": list(agent_ids)}, "state": {"$in": list(_ON_A_DESK)}}
        )

    async def untouched(self, since: datetime) -> dict[str, int]:
        """Return the ids and versions of what lies on a desk unchanged, and unanswered, since."""
        found = await self._versions(
            {"state": {"$in": list(_ON_A_DESK)}, "changed_at": {"$lte": since}}
        )
        async with database_errors():
            answered = await self._collection.distinct(
                "parent_id", {"parent_id": {"$in": list(found)}, "changed_at": {"$gt": since}}
            )
        return {one: version for one, version in found.items() if one not in set(answered)}

    async def held(self) -> Mapping[str, set[str]]:
        """Return the interactions that each agent is invited to or works on."""
        held: dict[str, set[str]] = {}
        async with database_errors():
            async for document in self._collection.find(
                {"state": {"$in": [State.INVITED.value, State.ACCEPTED.value]}},
                {"owner_id": 1, "invitation.agent_id": 1},
            ):
                invited = (document.get("invitation") or {}).get("agent_id")
                held.setdefault(invited or document["owner_id"], set()).add(document["_id"])
        return held

    async def _versions(self, wanted: Document) -> dict[str, int]:
        async with database_errors():
            found = await self._collection.find(wanted, {"version": 1}).to_list(_MOST)
        return {document["_id"]: document["version"] for document in found}

    async def _ids(self, wanted: Document, most: int) -> list[str]:
        async with database_errors():
            found = await self._collection.find(wanted, {"_id": 1}).to_list(most)
        return [document["_id"] for document in found]
