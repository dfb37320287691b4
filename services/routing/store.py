"""What routing asks of the interactions: who waits, whose time is up, who holds what."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime

from pymongo import ASCENDING

from shared.domain.interaction import Interaction
from shared.domain.lifecycle import State
from shared.storage import interactions
from shared.storage.client import Database, database_errors
from shared.storage.snapshots import WITHOUT_TEXT, to_interaction


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
        async with database_errors():
            found = self._collection.find(
                {"state": State.INVITED.value, "invitation.expires_at": {"$lte": now}}, {"_id": 1}
            )
            return [document["_id"] for document in await found.to_list(500)]

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
