"""Deliveries whose outcome is unknown, and how an operator resolves them."""

from collections.abc import AsyncIterator, Sequence
from typing import Final

from pymongo import ASCENDING

from shared.contracts.commands import DeliverMail
from shared.contracts.envelope import Cause
from shared.contracts.outgoing import wrap
from shared.domain.clock import Clock
from shared.domain.deliveries.delivery import (
    Delivery,
    DeliveryState,
    Step,
    concluded,
    mistrusted,
    resolved,
    states_before,
)
from shared.storage.database.client import Collection, Database, Document, database_errors
from shared.storage.database.outbox import to_entry
from shared.storage.interactions.interaction_store import Announce
from shared.storage.mails.delivery_documents import concluding, to_delivery, unsettled
from shared.storage.mails.delivery_store import COLLECTION

_OF_ONE_ATTEMPT: Final = ("claimed_at", "lease_until", "next_attempt_at", "summoned_at")


class UncertainDeliveryStore:
    """The changes of deliveries that only an operator makes."""

    def __init__(self, database: Database, clock: Clock, announce: Announce) -> None:
        self._collection = database[COLLECTION]
        self._clock = clock
        self._announce = announce

    def all(self) -> AsyncIterator[Delivery]:
        """Yield every uncertain delivery, oldest first."""
        return _in_states(self._collection, [DeliveryState.UNCERTAIN])

    async def resend(self, delivery: Delivery, cause: Cause) -> bool:
        """Send the same octets again with a new lifetime; return whether it was uncertain."""
        now = self._clock.now()
        order = wrap(DeliverMail(interaction_id=delivery.id), cause, now)
        changes: Document = {
            "$set": {"state": DeliveryState.QUEUED.value, "queued_at": now, "claimed_by": ""},
            "$unset": dict.fromkeys(_OF_ONE_ATTEMPT, ""),
            "$push": {"outbox": to_entry(order, now)},
        }
        if not await _write(self._collection, delivery, Step.RESEND, changes):
            return False
        await self._announce(delivery.id, [order])
        return True

    async def resolve(self, delivery: Delivery, *, sent: bool) -> bool:
        """Store what an operator has found out; return whether it was uncertain."""
        after = concluded(delivery, resolved(delivery, self._clock.now(), sent=sent))
        step = Step.CONFIRM if sent else Step.DENY
        return await _write(self._collection, delivery, step, concluding(after))


async def mark_unfinished_uncertain(database: Database, clock: Clock) -> list[Delivery]:
    """Make every unfinished delivery uncertain after a restore; return these deliveries.

    Their claims are cleared, so that an attempt from before the restore cannot conclude them.
    """
    collection, doubted = database[COLLECTION], []
    async for delivery in _in_states(collection, states_before(Step.MISTRUST)):
        changes = concluding(concluded(delivery, mistrusted(delivery, clock.now())))
        changes["$set"]["claimed_by"] = ""
        if await _write(collection, delivery, Step.MISTRUST, changes):
            doubted.append(delivery)
    return doubted


def find_uncertain(database: Database) -> AsyncIterator[Delivery]:
    """Yield every uncertain delivery, oldest first."""
    return _in_states(database[COLLECTION], [DeliveryState.UNCERTAIN])


async def _in_states(
    collection: Collection, states: Sequence[DeliveryState]
) -> AsyncIterator[Delivery]:
    """Yield every delivery in some states, oldest first."""
    async with database_errors():
        found = collection.find(
            unsettled(states), {"raw": 0, "outbox": 0}, sort=[("queued_at", ASCENDING)]
        )
        async for document in found:
            yield to_delivery(document)


async def count_uncertain(database: Database) -> int:
    """Return the number of uncertain deliveries."""
    async with database_errors():
        return await database[COLLECTION].count_documents(unsettled([DeliveryState.UNCERTAIN]))


async def _write(collection: Collection, delivery: Delivery, step: Step, changes: Document) -> bool:
    wanted = {
        "_id": delivery.id,
        "state": {"$in": [state.value for state in states_before(step)]},
        "attempt": delivery.attempt,
    }
    async with database_errors():
        return bool((await collection.update_one(wanted, changes)).matched_count)
