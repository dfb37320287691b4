"""Deliveries that nobody can be sure of, and how an operator ends the doubt."""

from collections.abc import AsyncIterator
from typing import Final

from pymongo import ASCENDING

from shared.contracts.commands import DeliverMail
from shared.contracts.envelope import Cause
from shared.contracts.outgoing import wrap
from shared.domain.clock import Clock
from shared.domain.delivery import Delivery, Journal, settled
from shared.storage.client import Database, Document, database_errors
from shared.storage.deliveries import COLLECTION
from shared.storage.delivery_documents import concluding, to_delivery
from shared.storage.interactions import Announce
from shared.storage.outbox import to_entry

_OF_ONE_ATTEMPT: Final = ("claimed_at", "lease_until", "next_attempt_at", "summoned_at")


class DoubtStore:
    """The part of the journal that only an operator writes."""

    def __init__(self, database: Database, clock: Clock, announce: Announce) -> None:
        self._collection = database[COLLECTION]
        self._clock = clock
        self._announce = announce

    async def resend(self, delivery: Delivery, cause: Cause) -> bool:
        """Order the same octets once more, with its whole lifetime; say whether it was in doubt."""
        now = self._clock.now()
        order = wrap(DeliverMail(interaction_id=delivery.id), cause, now)
        changes: Document = {
            "$set": {"state": Journal.QUEUED.value, "queued_at": now, "claimed_by": ""},
            "$unset": dict.fromkeys(_OF_ONE_ATTEMPT, ""),
            "$push": {"outbox": to_entry(order, now)},
        }
        if not await self._write(delivery, changes):
            return False
        await self._announce(delivery.id, [order])
        return True

    async def settle(self, delivery: Delivery, *, sent: bool) -> bool:
        """Write down what an operator has found out; say whether it was in doubt."""
        conclusion = settled(delivery, self._clock.now(), sent=sent)
        return await self._write(delivery, concluding(delivery, conclusion))

    async def _write(self, delivery: Delivery, changes: Document) -> bool:
        wanted = {
            "_id": delivery.id,
            "state": Journal.UNCERTAIN.value,
            "attempt": delivery.attempt,
        }
        async with database_errors():
            return bool((await self._collection.update_one(wanted, changes)).matched_count)


async def doubtful(database: Database) -> AsyncIterator[Delivery]:
    """Give every delivery in doubt, oldest first."""
    wanted = {"state": Journal.UNCERTAIN.value}
    async with database_errors():
        found = database[COLLECTION].find(
            wanted, {"raw": 0, "outbox": 0}, sort=[("queued_at", ASCENDING)]
        )
        async for document in found:
            yield to_delivery(document)


async def count_doubtful(database: Database) -> int:
    """Return how many deliveries are in doubt."""
    async with database_errors():
        return await database[COLLECTION].count_documents({"state": Journal.UNCERTAIN.value})
