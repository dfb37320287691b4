"""Writes the agents and logins of a description to the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast
from uuid import uuid4

from shared.contracts.contact_center import Agent
from shared.domain.clock import Clock
from shared.storage.agents import agent_login_store, agent_store
from shared.storage.agents.agent_login_store import FIELDS, KEPT_BY_AGENTS, READS_THEM
from shared.storage.database.client import Database, Document
from shared.storage.indexes import REPLICAS

_BY_NAME: Final = [("user_name", 1)]
_LOGIN_FIELDS: Final = ("user_name", "password_hash", "roles", "enabled")


@dataclass(frozen=True, slots=True)
class LoginMove:
    """The number of password hashes that were moved to login documents.

    `waiting_for` counts the running gateways of an earlier release, which read logins in the
    agents' documents only. While there are any, nothing is moved.
    """

    hashes: int = 0
    waiting_for: int = 0


class AgentDirectory:
    """The described fields of agents and logins. Their live state (ready, holding) is kept.

    The login is written before the agent, so that an agent that is as described has a login that
    is as described too.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._agents = database[agent_store.COLLECTION]
        self._logins = database[agent_login_store.COLLECTION]
        self._replicas = database[REPLICAS]
        self._clock = clock

    async def described(self) -> dict[str, Document]:
        """Return the fields of the stored agents that a description sets, by user name."""
        fields = dict.fromkeys(Agent.model_fields, 1)
        found = await self._agents.find({}, fields, sort=_BY_NAME).to_list()
        logins = await self._logins.find({}, {"password_hash": 1}, sort=_BY_NAME).to_list()
        hashes = {one["_id"]: {"password_hash": one["password_hash"]} for one in logins}
        return {one["user_name"]: one | hashes.get(one.pop("_id"), {}) for one in found}

    async def count_hashes(self) -> int:
        """Return how many agents' documents hold a hash, which routing can read and change."""
        return await self._agents.count_documents(KEPT_BY_AGENTS)

    async def move_logins(self) -> LoginMove:
        """Move logins from agents' documents to their own, unless an earlier gateway still runs.

        An earlier release kept them in the documents of the agents. The move can be run again
        after an interruption at any line. Once one login has been moved, the rest is moved
        without waiting for gateways.
        """
        earlier = await self._earlier_gateways()
        if earlier and await self._logins.find_one({}, {"_id": 1}, sort=_BY_NAME) is None:
            return LoginMove(waiting_for=earlier)
        without_login: Document = {
            "from": agent_login_store.COLLECTION,
            "localField": "_id",
            "foreignField": "_id",
            "pipeline": [{"$project": {"_id": 1}}],
            "as": "login",
        }
        cursor = await self._agents.aggregate(
            [
                {"$project": dict(FIELDS)},
                {"$lookup": without_login},
                {"$match": {"$or": [{"login": []}, KEPT_BY_AGENTS]}},
            ]
        )
        found = await cursor.to_list()
        for one in found:
            await self._move(one)
        return LoginMove(hashes=sum(bool(one["password_hash"]) for one in found))

    async def write(self, described: Sequence[Agent]) -> None:
        """Add and change agents; disable all others, who keep their work.

        The sessions of agents who are disabled or get another password end.
        """
        are_apart = not (await self.move_logins()).waiting_for
        for agent in described:
            await (self._write(agent) if are_apart else self._write_together(agent))
        others = {"user_name": {"$nin": [one.user_name for one in described]}, "enabled": True}
        ending: Document = {"$set": {"enabled": False}, "$inc": {"login_generation": 1}}
        if are_apart:
            await self._logins.update_many(others, ending)
            await self._agents.update_many(others, {"$set": {"enabled": False}})
        else:
            await self._agents.update_many(others, ending)

    async def _earlier_gateways(self) -> int:
        """Return how many pods run that read logins in the documents of the agents only."""
        present = {"expires_at": {"$gt": self._clock.now()}, READS_THEM: {"$ne": True}}
        return await self._replicas.count_documents(present)

    async def _move(self, kept: Document) -> None:
        login = {name: kept[name] for name in FIELDS if name in kept}
        made = await self._logins.update_one(
            {"_id": kept["_id"]}, {"$setOnInsert": login}, upsert=True
        )
        before = await self._agents.find_one_and_update(
            {"_id": kept["_id"]},
            {"$set": {"password_hash": ""}, "$unset": {"login_generation": ""}},
            {"login_generation": 1},
        )
        if generation := (before or {}).get("login_generation", 0):
            # If the login existed, an earlier release has ended further sessions since: add them.
            counting = "$max" if made.upserted_id is not None else "$inc"
            await self._logins.update_one(
                {"_id": kept["_id"]}, {counting: {"login_generation": generation}}
            )

    async def _write(self, agent: Agent) -> None:
        described = agent.model_dump(mode="json", include=set(_LOGIN_FIELDS))
        known = {"user_name": agent.user_name}
        fields = _literal(described) | _id() | {"login_generation": _generation(agent)}
        await self._logins.update_one(known, [{"$set": fields}], upsert=True)
        login = cast("Document", await self._logins.find_one(known, {"_id": 1}))
        # Processes of an earlier release require the field, so it stays, empty.
        fields = self._agent_fields(agent) | {"password_hash": ""}
        await self._agents.update_one(login, [{"$set": fields}], upsert=True)

    async def _write_together(self, agent: Agent) -> None:
        """Write agent and login in one document, for gateways of an earlier release."""
        written = self._agent_fields(agent) | _id() | {"login_generation": _generation(agent)}
        await self._agents.update_one(
            {"user_name": agent.user_name}, [{"$set": written}], upsert=True
        )

    def _agent_fields(self, agent: Agent) -> Document:
        # A pipeline update reads and writes in one step, so a place taken meanwhile stays taken.
        more = {"$subtract": [agent.capacity, {"$ifNull": ["$capacity", 0]}]}
        live = {
            "ready": False,
            "holding": [],
            "idle_since": self._clock.now(),
            "logged_in": False,
            "outbox": [],
            "applied": [],
        }
        return (
            # A field that the description leaves out is removed from the document.
            {"invitation": "$$REMOVE"}
            | _literal(agent.model_dump(mode="json"))
            | {name: {"$ifNull": [f"${name}", value]} for name, value in live.items()}
            | {"free": {"$add": [{"$ifNull": ["$free", 0]}, more]}}
        )


def _id() -> Document:
    return {"_id": {"$ifNull": ["$_id", uuid4().hex]}}


def _literal(fields: Document) -> Document:
    return {name: {"$literal": value} for name, value in fields.items()}


def _generation(agent: Agent) -> Document:
    """Return the expression for the login generation: the next one if sessions have to end."""
    ends: list[Document] = [{"$ne": ["$password_hash", {"$literal": agent.password_hash}]}]
    if not agent.enabled:
        ends.append({"$eq": ["$enabled", True]})
    before = {"$ifNull": ["$login_generation", 0]}
    return {"$add": [before, {"$cond": [{"$or": ends}, 1, 0]}]}
