"""Login sessions in the database, found by the digest of their cookie."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.storage.database.batching import BatchReader
from shared.storage.database.client import Database, Document, database_errors
from shared.storage.indexes import SESSIONS


@dataclass(frozen=True, slots=True)
class LoginSession:
    """A login that a cookie continues.

    `proof` is the `login_proof` of the agent when the session began: another one makes it invalid.
    `password_digest` is that of the password it was begun with, keyed with the cookie. The session
    ends at `expires_at`, which each use moves, and at `ends_at` in any case.
    """

    agent_id: str
    csrf_token: str
    proof: str
    expires_at: datetime
    ends_at: datetime
    password_digest: str = ""


class SessionStore:
    """Sessions of all pods. Cookies are stored as digests only."""

    def __init__(self, database: Database) -> None:
        self._collection = database[SESSIONS]
        self._reads = BatchReader(self._collection, by_herds=True)

    async def add(self, token: str, session: LoginSession) -> None:
        """Store a session: every pod finds it once this returns."""
        async with database_errors():
            await self._collection.insert_one(
                {
                    "_id": session_key(token),
                    "agent_id": session.agent_id,
                    "csrf_token": session.csrf_token,
                    "proof": session.proof,
                    "expires_at": session.expires_at,
                    "ends_at": session.ends_at,
                    "password_digest": session.password_digest,
                }
            )

    async def find(self, token: str, now: datetime) -> LoginSession | None:
        """Return the session of a cookie; None where there is no open one."""
        async with database_errors():
            found = await self._reads.get(session_key(token))
        return _to_session(found) if found and found["expires_at"] > now else None

    async def open(self, keys: Collection[str], now: datetime) -> Mapping[str, LoginSession]:
        """Return those of the sessions that are open, by key."""
        wanted = {"_id": {"$in": list(keys)}, "expires_at": {"$gt": now}}
        async with database_errors():
            found = await self._collection.find(wanted).to_list()
        return {one["_id"]: _to_session(one) for one in found}

    async def prolong(self, key: str, expires_at: datetime) -> None:
        """Set when a session expires; one that was ended meanwhile stays ended."""
        async with database_errors():
            await self._collection.update_one({"_id": key}, {"$set": {"expires_at": expires_at}})

    async def end(self, key: str) -> None:
        """End a session for good: no pod finds it once this returns."""
        async with database_errors():
            await self._collection.delete_one({"_id": key})


def session_key(token: str) -> str:
    """Return the digest under which the session of a cookie is stored."""
    return hashlib.sha256(token.encode()).hexdigest()


def _to_session(document: Document) -> LoginSession:
    expires_at: datetime = document["expires_at"]
    return LoginSession(
        document["agent_id"],
        document["csrf_token"],
        document["proof"],
        expires_at,
        # Sessions of older releases have no `ends_at`: they are not prolonged.
        document.get("ends_at", expires_at),
        document.get("password_digest", ""),
    )
