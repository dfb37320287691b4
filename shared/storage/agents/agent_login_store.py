"""Logins of agents, in a collection of their own that only the gateway may read.

`mailroom apply` writes them. An earlier release kept them in the documents of the agents.
"""

import time
from collections.abc import Collection as Few
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import structlog
from pymongo.errors import OperationFailure

from shared.storage.agents import agent_store
from shared.storage.database.batching import BatchReader
from shared.storage.database.client import (
    UNAUTHORIZED,
    Collection,
    Database,
    Document,
    database_errors,
)

log = structlog.get_logger()

COLLECTION: Final = "agent_logins"
READS_THEM: Final = "reads_agent_logins"
"""The field with which a gateway pod reports that it reads hashes from `agent_logins`."""

KEPT_BY_AGENTS: Final[Document] = {"password_hash": {"$gt": ""}}
"""The filter for agents whose documents still hold a hash."""

_MOVED_SECONDS: Final = 60.0
"""After so long a restored backup of an earlier release may have brought logins back."""

FIELDS: Final[Mapping[str, int]] = {
    "user_name": 1,
    "password_hash": 1,
    "roles": 1,
    "enabled": 1,
    "login_generation": 1,
}


@dataclass(frozen=True, slots=True)
class StoredLogin:
    """The name, password hash and roles that an agent logs in with; `id` is the agent's.

    A new `generation` ends every login that began before it.
    """

    id: str
    user_name: str
    password_hash: str
    roles: tuple[str, ...]
    enabled: bool
    generation: int = 0


class AgentLoginStore:
    """Logins by id and by name.

    Until `mailroom apply` has moved the logins, they are read from the agents' documents, where an
    earlier release kept them. Until then the database user may lack the right to read the new
    collection.
    """

    def __init__(self, database: Database) -> None:
        self._logins = database[COLLECTION]
        self._agents = database[agent_store.COLLECTION]
        self._by_id = BatchReader(self._logins, by_herds=True)
        self._by_name = BatchReader(self._logins, key="user_name", by_herds=True)
        self._kept_by_id = BatchReader(self._agents, dict(FIELDS), by_herds=True)
        self._kept_by_name = BatchReader(self._agents, dict(FIELDS), key="user_name", by_herds=True)
        self._moved_until = 0.0
        self._is_warned = False

    async def is_readable(self) -> bool:
        """Say whether the database user has the right to read the logins' own collection."""
        async with database_errors():
            try:
                await self._logins.find_one({"_id": ""}, {"_id": 1})
            except OperationFailure as error:
                self._require_refusal(error)
                return False
        return True

    async def get(self, agent_id: str) -> StoredLogin | None:
        """Return the login of an agent."""
        async with database_errors():
            found = await self._moved(self._by_id, agent_id)
            found = found or await self._kept(self._kept_by_id, agent_id)
        return _to_login(found) if found else None

    async def named(self, user_name: str) -> StoredLogin | None:
        """Return the login with a user name."""
        async with database_errors():
            found = await self._moved(self._by_name, user_name)
            found = found or await self._kept(self._kept_by_name, user_name)
        # Routing may write any name into an agent's document; only the name of the login counts.
        return _to_login(found) if found and found["user_name"] == user_name else None

    async def of(self, agent_ids: Few[str]) -> list[StoredLogin]:
        """Return the logins of some agents, in no order."""
        async with database_errors():
            found = await self._all_moved(agent_ids)
            missing = set(agent_ids) - found.keys()
            if missing and not self._are_moved:
                kept = await _read(self._agents, missing)
                await self._notice_move()
                found |= kept | await self._all_moved(missing)
        return [_to_login(one) for one in found.values()]

    async def end(self, agent_id: str) -> None:
        """End all present logins of an agent, in all pods, by a new generation."""
        async with database_errors():
            if not await self._end(self._logins, agent_id):
                await self._end(self._agents, agent_id)
                # `mailroom apply` may have moved the login between the two.
                await self._end(self._logins, agent_id)

    async def _end(self, collection: Collection, agent_id: str) -> bool:
        try:
            ended = await collection.update_one(
                {"_id": agent_id}, {"$inc": {"login_generation": 1}}
            )
        except OperationFailure as error:
            self._require_refusal(error)
            return False
        return bool(ended.matched_count)

    async def _moved(self, reads: BatchReader, value: str) -> Document | None:
        try:
            return await reads.get(value)
        except OperationFailure as error:
            self._require_refusal(error)
            return None

    async def _all_moved(self, agent_ids: Iterable[str]) -> dict[str, Document]:
        try:
            return await _read(self._logins, agent_ids)
        except OperationFailure as error:
            self._require_refusal(error)
            return {}

    async def _kept(self, reads: BatchReader, value: str) -> Document | None:
        """Return the login from an agent's document, or from where it has just been moved to."""
        if self._are_moved:
            return None
        kept = await reads.get(value)
        await self._notice_move()
        return (await self._moved(self._by_id, kept["_id"]) or kept) if kept else None

    async def _notice_move(self) -> None:
        if await self._agents.find_one(KEPT_BY_AGENTS, {"_id": 1}) is None:
            self._moved_until = time.monotonic() + _MOVED_SECONDS

    @property
    def _are_moved(self) -> bool:
        return time.monotonic() < self._moved_until

    def _require_refusal(self, error: OperationFailure) -> None:
        """Ignore a missing right, which users made by an earlier release have; else raise."""
        if error.code != UNAUTHORIZED:
            raise error
        self._moved_until = 0.0
        if not self._is_warned:
            self._is_warned = True
            log.warning(
                "the database does not let the gateway read agent_logins: passwords are read where "
                "an earlier release kept them",
                do="run `mailroom apply` of this release with MONGODB_ADMIN_URL and the passwords "
                "of the services' users",
            )


async def _read(collection: Collection, agent_ids: Iterable[str]) -> dict[str, Document]:
    wanted = {"_id": {"$in": list(agent_ids)}}
    found = await collection.find(wanted, dict(FIELDS)).to_list()
    return {one["_id"]: one for one in found}


def _to_login(document: Document) -> StoredLogin:
    return StoredLogin(
        id=document["_id"],
        user_name=document["user_name"],
        password_hash=document["password_hash"],
        roles=tuple(document["roles"]),
        enabled=document["enabled"],
        generation=document.get("login_generation", 0),
    )
