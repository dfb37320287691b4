"""The agents: their data, whether they are Ready, and the interactions that they hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pydantic import TypeAdapter
from pymongo import ASCENDING, ReturnDocument, UpdateOne

from shared.contracts.envelope import Cause
from shared.contracts.events import AgentNotReady, AgentReady
from shared.contracts.outgoing import wrap
from shared.domain.clock import Clock
from shared.domain.errors import Unavailable
from shared.domain.routing.agent_search import AgentSearch
from shared.storage.database.batching import Batcher, BatchReader, BatchUpdater, Update
from shared.storage.database.client import (
    HINT,
    MANY_AT_ONCE,
    NEWEST,
    Database,
    Document,
    database_errors,
)
from shared.storage.database.outbox import to_entry
from shared.storage.interactions.interaction_store import Announce

COLLECTION: Final = "agents"
_WITHOUT_OUTBOX: Final[Document] = {"outbox": 0, "applied": 0}
_EVERYONE: Final[Document] = {"user_name": {"$gt": ""}}
"""Matches every agent by the index of names; without a filter, counting reads all documents."""

_REST_FOR_EACH_RESET: Final = 0.02
"""Seconds. Nobody waits for a reset: the agent has the event of the answer already."""

_DURATION: Final = TypeAdapter(timedelta | None)

_MOST_UNPUBLISHED: Final = 1_000
"""Messages of one agent that may wait for the broker: a document has at most 16 MB."""


@dataclass(frozen=True, slots=True)
class StoredAgent:
    """An agent as stored. `holding` lists the interactions that count against `capacity`.

    `invitation` is how long an offer to this agent stands, None where as long as to everybody.
    `roles` and `enabled` are for the directory and for routing. Authentication uses the roles of
    the agent's login.
    """

    id: str
    user_name: str
    first_name: str
    last_name: str
    email_address: str
    roles: tuple[str, ...]
    queues: tuple[str, ...]
    skills: Mapping[str, int]
    capacity: int
    enabled: bool
    ready: bool
    holding: tuple[str, ...] = ()
    logged_in: bool = False
    state_since: datetime | None = None
    reason: str = ""
    invitation: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Reservation:
    """A place that is reserved with an agent; `invitation` is as in `StoredAgent`."""

    agent_id: str
    invitation: timedelta | None = None


def to_agent(document: Document) -> StoredAgent:
    """Return the agent that a document holds."""
    return StoredAgent(
        id=document["_id"],
        user_name=document["user_name"],
        first_name=document["first_name"],
        last_name=document["last_name"],
        email_address=document["email_address"],
        roles=tuple(document["roles"]),
        queues=tuple(document["queues"]),
        skills=document["skills"],
        capacity=document["capacity"],
        enabled=document["enabled"],
        ready=document.get("ready", False),
        holding=tuple(document.get("holding", ())),
        logged_in=document.get("logged_in", False),
        state_since=document.get("state_since"),
        reason=document.get("reason", ""),
        invitation=_invitation(document),
    )


def _invitation(document: Document) -> timedelta | None:
    return _DURATION.validate_python(document.get("invitation"))


class AgentStore:
    """All agents. `holding` and `free` are hints derived from the interactions."""

    def __init__(self, database: Database, clock: Clock, announce: Announce) -> None:
        self._collection = database[COLLECTION]
        # The interactions decide who holds what; `audit_places` repairs a lost write.
        self._hints = self._collection.with_options(write_concern=HINT)
        # At the beginning of a shift all agents become Ready at the same time.
        self._states = BatchUpdater(self._collection)
        self._places = Batcher(self._adjust)
        self._misses = Batcher(self._adjust, at_once=1, rest_for_each=_REST_FOR_EACH_RESET)
        self._by_id = BatchReader(self._collection, by_herds=True)
        self._by_name = BatchReader(self._collection, key="user_name", by_herds=True)
        self._clock = clock
        self._announce = announce

    async def get(self, agent_id: str) -> StoredAgent | None:
        """Return an agent by id."""
        async with database_errors():
            document = await self._by_id.get(agent_id)
        return to_agent(document) if document else None

    async def named(self, user_name: str) -> StoredAgent | None:
        """Return an agent by user name."""
        async with database_errors():
            document = await self._by_name.get(user_name)
        return to_agent(document) if document else None

    async def page(self, wanted: Document, *, offset: int, limit: int) -> list[StoredAgent]:
        """Return a page of the agents who match a filter, sorted by user name."""
        async with database_errors():
            found = await self._collection.find(
                wanted,
                _WITHOUT_OUTBOX,
                sort=[("user_name", ASCENDING)],
                skip=offset,
                limit=limit,
            ).to_list()
        return [to_agent(document) for document in found]

    async def count(self, wanted: Document) -> int:
        """Return how many agents match a filter."""
        async with database_errors():
            return await self._collection.count_documents(wanted or _EVERYONE)

    async def skill_names(self) -> list[str]:
        """Return the names of all skills that agents have, sorted. Reads all agents."""
        stages: list[Document] = [
            {"$project": {"skill": {"$objectToArray": "$skills"}}},
            {"$unwind": "$skill"},
            {"$group": {"_id": "$skill.k"}},
        ]
        async with database_errors():
            found = await (await self._collection.aggregate(stages)).to_list()
        return sorted(one["_id"] for one in found)

    async def holdings(self) -> dict[str, frozenset[str]]:
        """Return the ids of the interactions each agent holds; agents without any are absent."""
        async with database_errors():
            found = await self._collection.find(
                {"holding": {"$gt": ""}}, {"holding": 1}, batch_size=MANY_AT_ONCE
            ).to_list()
        return {one["_id"]: frozenset(one["holding"]) for one in found}

    async def serving(self, queue: str) -> list[str]:
        """Return the ids of the agents of a queue, Ready or not."""
        async with database_errors():
            found = await self._collection.find({"queues": queue}, {"_id": 1}).to_list()
        return [document["_id"] for document in found]

    async def set_ready(
        self,
        agent_id: str,
        *,
        ready: bool,
        logged_in: bool = True,
        reason: str = "",
        queues: tuple[str, ...] | None = None,
    ) -> None:
        """Make an agent Ready or NotReady, and announce it.

        `reason` is the reason for NotReady. Without `logged_in` the agent can be no target of a
        transfer. `queues` are those of a Ready agent, if the caller knows them: routing otherwise
        reads the agent.

        Raises:
            Unavailable: Too many earlier messages of this agent wait for the broker.
        """
        now = self._clock.now()
        event = (
            AgentReady(agent_id=agent_id, queues=queues)
            if ready
            else AgentNotReady(agent_id=agent_id, reason=reason, logged_out=not logged_in)
        )
        owed = [wrap(event, Cause(), now)]
        change: Document = {
            "ready": ready,
            "state_since": now,
            "logged_in": logged_in,
            "reason": "" if ready else reason,
            "misses": 0,
        }
        update: Document = {
            "$set": change | ({"idle_since": now} if ready else {}),
            "$push": {"outbox": {"$each": [to_entry(message, now) for message in owed]}},
        }
        if not logged_in:
            update["$unset"] = {"connected_at": ""}
        has_room = {"_id": agent_id, f"outbox.{_MOST_UNPUBLISHED - 1}": {"$exists": False}}
        is_written = {"_id": agent_id, "outbox.id": owed[0].id}
        async with database_errors():
            has_matched = await self._states.apply(Update(has_room, update, is_written))
            is_full = not has_matched and await self._collection.find_one(
                {"_id": agent_id}, {"_id": 1}
            )
        if is_full:
            raise Unavailable("the broker has not taken the agent's earlier messages yet")
        await self._announce(agent_id, owed)

    async def reserve(self, interaction_id: str, search: AgentSearch) -> Reservation | None:
        """Reserve a place for an interaction with the agent whom a search finds.

        Return None if it finds nobody. The reservation ends the agent's idle time, so that the
        next mail goes to another agent first. An agent who already holds the interaction is passed
        over.
        """
        wanted = _query(search) | {"holding": {"$ne": interaction_id}}
        async with database_errors():
            document = await self._hints.find_one_and_update(
                wanted,
                {
                    "$inc": {"free": -1},
                    "$push": {"holding": interaction_id},
                    "$set": {"idle_since": self._clock.now()},
                },
                {"invitation": 1},
                sort=[("idle_since", ASCENDING)],
                return_document=ReturnDocument.AFTER,
            )
        return Reservation(document["_id"], _invitation(document)) if document else None

    async def is_anybody_free(self, search: AgentSearch) -> bool:
        """Say whether a search finds an agent."""
        # Places are released with w:1, so the newest write counts.
        newest = self._collection.with_options(read_concern=NEWEST)
        async with database_errors():
            return await newest.find_one(_query(search), {"_id": 1}) is not None

    async def skills_of_free(self, search: AgentSearch) -> list[Mapping[str, int]]:
        """Return the skills of the agents whom a search finds, the same skills of many once."""
        newest = self._collection.with_options(read_concern=NEWEST)
        stages: list[Document] = [{"$match": _query(search)}, {"$group": {"_id": "$skills"}}]
        async with database_errors():
            found = await (await newest.aggregate(stages, batchSize=MANY_AT_ONCE)).to_list()
        return [one["_id"] for one in found]

    async def hold(self, agent_id: str, interaction_id: str) -> None:
        """Count an interaction against the agent's capacity, even beyond it."""
        takes_place = UpdateOne(
            {"_id": agent_id, "holding": {"$ne": interaction_id}},
            {"$inc": {"free": -1}, "$push": {"holding": interaction_id}},
        )
        async with database_errors():
            await self._places(takes_place)

    async def release(self, agent_id: str, interaction_id: str) -> None:
        """Release the agent's place; a repetition changes nothing."""
        frees_place = UpdateOne(
            {"_id": agent_id, "holding": interaction_id},
            {
                "$inc": {"free": 1},
                "$pull": {"holding": interaction_id},
                "$set": {"idle_since": self._clock.now()},
            },
        )
        async with database_errors():
            await self._places(frees_place)

    async def count_miss(self, agent_id: str, offered_at: datetime) -> int:
        """Count a missed invitation; return the number missed in a row.

        It counts only for an agent who has been Ready since the offer: who has said NotReady
        meanwhile has not missed it, and keeps the reason that they gave. The number is 0 then.
        """
        is_ready_since = {"ready": True, "state_since": {"$not": {"$gt": offered_at}}}
        async with database_errors():
            document = await self._hints.find_one_and_update(
                {"_id": agent_id} | is_ready_since,
                {"$inc": {"misses": 1}},
                {"misses": 1},
                return_document=ReturnDocument.AFTER,
            )
        return document["misses"] if document else 0

    async def reset_misses(self, agent_id: str) -> None:
        """Set the number of missed invitations to zero, because the agent has answered one."""
        resets = UpdateOne({"_id": agent_id, "misses": {"$gt": 0}}, {"$set": {"misses": 0}})
        async with database_errors():
            await self._misses(resets)

    async def _adjust(self, updates: Sequence[UpdateOne]) -> Sequence[None]:
        await self._hints.bulk_write(updates, ordered=False)
        return [None] * len(updates)

    async def has_skill(self, skill: str) -> bool:
        """Say whether an enabled agent has a skill."""
        async with database_errors():
            found = await self._collection.find_one(
                {f"skills.{skill}": {"$gt": 0}, "enabled": True}, {"_id": 1}
            )
        return found is not None


def _query(search: AgentSearch) -> Document:
    """Return the filter for the agents whom a search finds."""
    wanted: Document = {
        "ready": True,
        "enabled": True,
        "free": {"$gt": 0},
        "$or": [
            {"connected_at": {"$exists": False}},
            {"connected_at": {"$gte": search.connected_since}},
        ],
    }
    if search.queue is not None:
        wanted["queues"] = search.queue
    if search.excluded:
        wanted["_id"] = {"$nin": list(search.excluded)}
    wanted |= {f"skills.{skill}": {"$gte": level} for skill, level in search.skills.items()}
    # `only` may be one of `excluded`: two conditions on one field need `$and`.
    return wanted if search.only is None else {"$and": [{"_id": search.only}, wanted]}
