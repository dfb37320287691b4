"""The answers to requests that have an Idempotency-Key, for a day and for all pods."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.gateway.commands.command_ids import CommandIds
from shared.storage.database.client import Database, Document, database_errors
from shared.storage.indexes import REMEMBERED_ANSWERS

_KEPT_FOR: Final = timedelta(hours=24)
_LEASE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer as it was sent."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """What is known of a request: to be done now with `seed`, answered, or neither.

    `fingerprint` is that of the request that came first.
    """

    fingerprint: str
    command_ids: CommandIds | None = None
    answered: StoredAnswer | None = None


class IdempotencyStore:
    """Claims and answers; both are on a majority of the database's members once written."""

    def __init__(self, database: Database) -> None:
        self._collection = database[REMEMBERED_ANSWERS]

    async def claim(self, key: str, fingerprint: str, now: datetime) -> Claim:
        """Say what to do with a request; only one caller at a time is told to do it.

        Whoever takes over from a pod that died gets the seed of the first try.
        """
        command_ids = CommandIds()
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
        is_ours = found["fingerprint"] == fingerprint and await self._take_over(found, now)
        return Claim(found["fingerprint"], _to_command_ids(found) if is_ours else None)

    async def keep(self, key: str, answer: StoredAnswer) -> None:
        """Remember the answer to a request that was claimed."""
        fields: Document = {
            "status": answer.status,
            "headers": [list(pair) for pair in answer.headers],
            "body": answer.body,
        }
        async with database_errors():
            await self._collection.update_one({"_id": key}, {"$set": fields})

    async def release(self, key: str, now: datetime) -> None:
        """Let the next one try what could not be done, with the same seed."""
        async with database_errors():
            await self._collection.update_one({"_id": key}, {"$set": {"lease_until": now}})

    async def _take_over(self, found: Document, now: datetime) -> bool:
        if found["lease_until"] > now:
            return False
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
