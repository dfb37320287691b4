"""Stores answers to requests with an Idempotency-Key, for 24 hours and for all pods."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.gateway.commands.command_ids import CommandIds
from shared.domain.ids import new_id
from shared.storage.database.client import Database, Document, database_errors
from shared.storage.indexes import REMEMBERED_ANSWERS

UPLOAD: Final = "multipart/"
"""The beginning of the fingerprint of an upload."""

_KEPT_FOR: Final = timedelta(hours=24)
# After this the first caller's pod counts as dead, and another caller takes over.
_LEASE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer as it was sent."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """The state of a key.

    With `command_ids` the caller does the request, with these ids. With `answered` it was done.
    With neither, another caller is doing it. `fingerprint` is that of the first request.
    """

    fingerprint: str
    command_ids: CommandIds | None = None
    answered: StoredAnswer | None = None


def is_same_request(one: str, other: str) -> bool:
    """Say whether two fingerprints may be of the same request.

    Those of uploads begin with the media type. The length behind it is compared only by pods of an
    earlier build, which run beside these for a while.
    """
    return one == other or (
        one.startswith(UPLOAD) and one.partition(" ")[0] == other.partition(" ")[0]
    )


class IdempotencyStore:
    """Claims and answers, written with majority concern."""

    def __init__(self, database: Database) -> None:
        self._collection = database[REMEMBERED_ANSWERS]

    async def claim(self, key: str, fingerprint: str, now: datetime) -> Claim:
        """Claim a key for a minute; only one caller at a time gets its command ids.

        A caller that takes over from a dead pod gets the ids of the first try, so that the same
        command is sent.
        """
        command_ids = CommandIds(new_id=new_id(now))
        fresh = {
            "fingerprint": fingerprint,
            "message_id": str(command_ids.message_id),
            "new_id": command_ids.new_id,
            "lease_until": now + _LEASE,
            "expires_at": now + _KEPT_FOR,
        }
        async with database_errors():
            found = await self._collection.find_one_and_update(
                {"_id": key}, {"$setOnInsert": fresh}, upsert=True
            )
        if found is None:
            return Claim(fingerprint, command_ids)
        if "status" in found:
            return Claim(found["fingerprint"], answered=_to_answer(found))
        if not is_same_request(found["fingerprint"], fingerprint) or found["lease_until"] > now:
            return Claim(found["fingerprint"])
        if await self._take_over(found, now):
            return Claim(found["fingerprint"], _to_command_ids(found))
        # The first caller may have answered after this one had read.
        async with database_errors():
            found = await self._collection.find_one({"_id": key}) or found
        answered = _to_answer(found) if "status" in found else None
        return Claim(found["fingerprint"], answered=answered)

    async def store_answer(self, key: str, answer: StoredAnswer) -> None:
        """Store the answer to a request that was claimed."""
        fields: Document = {
            "status": answer.status,
            "headers": [list(pair) for pair in answer.headers],
            "body": answer.body,
        }
        async with database_errors():
            await self._collection.update_one({"_id": key}, {"$set": fields})

    async def note_content(self, key: str, digest: str) -> bool:
        """Store the digest of a request's content; return False if the key has another one."""
        async with database_errors():
            result = await self._collection.update_one(
                {"_id": key, "content": {"$in": [None, digest]}}, {"$set": {"content": digest}}
            )
        return bool(result.matched_count)

    async def release(self, key: str, now: datetime) -> None:
        """Free a key for the next caller, who gets the same command ids."""
        async with database_errors():
            await self._collection.update_one({"_id": key}, {"$set": {"lease_until": now}})

    async def _take_over(self, found: Document, now: datetime) -> bool:
        async with database_errors():
            result = await self._collection.update_one(
                {
                    "_id": found["_id"],
                    "lease_until": found["lease_until"],
                    "status": {"$exists": False},
                },
                {"$set": {"lease_until": now + _LEASE}},
            )
        return bool(result.matched_count)


def _to_answer(found: Document) -> StoredAnswer:
    headers = [(bytes(name), bytes(value)) for name, value in found["headers"]]
    return StoredAnswer(found["status"], headers, bytes(found["body"]))


def _to_command_ids(found: Document) -> CommandIds:
    return CommandIds(UUID(found["message_id"]), found["new_id"])
