"""The deliveries of outbound mails, one document each. Every write compares the state before.

Composition adds a delivery, outbound carries it out, the gateway and attachments read it.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from pymongo import ASCENDING, ReturnDocument, UpdateOne
from pymongo.errors import DuplicateKeyError

from shared.contracts.commands import DeliverMail
from shared.contracts.envelope import Cause
from shared.contracts.outgoing import wrap
from shared.domain.clock import Clock
from shared.domain.deliveries.delivery import (
    STEP_FOR,
    Conclusion,
    Delivery,
    DeliveryState,
    Recipient,
    Step,
    concluded,
    states_before,
)
from shared.storage.database.batching import BatchUpdater, Update, for_streams
from shared.storage.database.client import HINT, NEWEST, Database, Document, database_errors
from shared.storage.database.outbox import to_entry, to_message
from shared.storage.files.vault import IN_ONE_DOCUMENT, ContentRef, Vault
from shared.storage.interactions.interaction_store import Announce
from shared.storage.mails.delivery_documents import (
    concluding,
    from_raw,
    to_delivery,
    to_document,
    to_raw,
    to_recipients,
)

COLLECTION: Final = "deliveries"

_WITHOUT_RAW: Final[Document] = {"raw": 0, "outbox": 0}
_FIRST_REQUESTED_AGAIN_AFTER: Final = timedelta(minutes=5)
"""A new delivery is looked at again after this, because the broker may lose its command."""

# A pod takes an order within seconds, unless all of them are busy or gone.
_REQUESTED_AGAIN_AFTER: Final = timedelta(minutes=1)


class ClaimLostError(Exception):
    """The lease has ended and another claim has the delivery: do nothing more with it."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that this process may send until its lease ends, and the octets to send."""

    delivery: Delivery
    raw: bytes | ContentRef


@dataclass(frozen=True, slots=True)
class _Claiming:
    """The write that claims a delivery."""

    delivery_id: str
    by: str
    wanted: Document
    changes: Document


def new_delivery(
    *,
    interaction_id: str,
    agent_id: str,
    message_id: str,
    sender: str,
    recipients: Sequence[str],
    now: datetime,
) -> Delivery:
    """Return a new delivery. `sender` and `recipients` are those of the SMTP envelope."""
    return Delivery(
        id=interaction_id,
        agent_id=agent_id,
        message_id=message_id,
        sender=sender,
        recipients=tuple(Recipient(address) for address in recipients),
        queued_at=now,
        next_attempt_at=now + _FIRST_REQUESTED_AGAIN_AFTER,
    )


class DeliveryStore:
    """All deliveries."""

    def __init__(self, database: Database, clock: Clock, announce: Announce) -> None:
        self._collection = database[COLLECTION]
        # A claim may be lost: the write before the dot compares it again, on a majority.
        self._hints = self._collection.with_options(write_concern=HINT, read_concern=NEWEST)
        self._claims = for_streams(self._claim_together)
        # Two batchers, so that the outcome of a single mail does not wait behind its own dot.
        self._offers = BatchUpdater(self._collection, in_streams=True)
        self._conclusions = BatchUpdater(self._collection, in_streams=True)
        self._vault = Vault(database, clock)
        self._clock = clock
        self._announce = announce

    async def add(self, delivery: Delivery, raw: bytes | ContentRef, cause: Cause) -> None:
        """Store a delivery with its final octets and publish `DeliverMail`, once per Message-ID.

        `raw` is the octets, or a reference if they are in the vault already. A failed delivery of
        the same interaction is replaced.
        """
        now = self._clock.now()
        order = wrap(DeliverMail(interaction_id=delivery.id), cause, now)
        document = to_document(delivery) | {
            "raw": to_raw(await self._kept(raw)),
            "correlation_id": str(cause.correlation_id),
            "outbox": [to_entry(order, now)],
        }
        # A mail that is sent anew after a failure has another Message-ID. The same one means that
        # this command is a repetition.
        room = {"state": DeliveryState.FAILED.value, "message_id": {"$ne": delivery.message_id}}
        async with database_errors():
            try:
                await self._collection.replace_one(
                    {"_id": delivery.id, **room}, document, upsert=True
                )
            except DuplicateKeyError:
                await self._announce_again(delivery.id)
                return
        await self._announce(delivery.id, [order])

    async def get(self, delivery_id: str, *, newest: bool = False) -> Delivery | None:
        """Return a delivery, None if there is none.

        With `newest` it includes the newest claim, which a majority may not have yet.
        """
        reading = self._collection
        if newest:
            reading = reading.with_options(read_concern=NEWEST)
        async with database_errors():
            document = await reading.find_one({"_id": delivery_id}, _WITHOUT_RAW)
        return to_delivery(document) if document else None

    async def raw_size(self, delivery_id: str) -> int | None:
        """Return the size of the sent mail in octets; None if there is no delivery."""
        async with database_errors():
            document = await self._collection.find_one({"_id": delivery_id}, {"raw": 1})
        if document is None:
            return None
        raw = from_raw(document["raw"])
        return len(raw) if isinstance(raw, bytes) else raw.size

    async def raw(self, delivery_id: str) -> AsyncIterator[bytes]:
        """Yield the final octets, those of a large mail in pieces."""
        async with database_errors():
            document = await self._collection.find_one({"_id": delivery_id}, {"raw": 1})
        raw = from_raw(document["raw"]) if document else b""
        if isinstance(raw, bytes):
            yield raw
            return
        async for piece in self._vault.open(raw):
            yield piece

    async def claim(self, delivery_id: str, by: str, lease: timedelta) -> Claim | None:
        """Begin an attempt; return None if none is due or another claim has the delivery.

        The write may be lost with its server (`w: 1`). The majority write before the dot then finds
        no claim, and nothing is sent.
        """
        now = self._clock.now()
        claimable = [
            {"state": DeliveryState.QUEUED.value},
            {"state": DeliveryState.DEFERRED.value, "next_attempt_at": {"$lte": now}},
            {"state": DeliveryState.CLAIMED.value, "lease_until": {"$lte": now}},
        ]
        changes: Document = {
            "$set": {
                "state": DeliveryState.CLAIMED.value,
                "claimed_by": by,
                "claimed_at": now,
                "lease_until": now + lease,
                # The sweep finds an attempt whose process died like one that is due.
                "next_attempt_at": now + lease,
            },
            "$inc": {"attempt": 1},
            "$unset": {"summoned_at": ""},
        }
        async with database_errors():
            document = await self._claims(
                _Claiming(delivery_id, by, {"_id": delivery_id, "$or": claimable}, changes)
            )
        return Claim(to_delivery(document), from_raw(document["raw"])) if document else None

    async def renew(self, claim: Claim, lease: timedelta) -> None:
        """Extend the lease."""
        until = self._clock.now() + lease
        running = [DeliveryState.CLAIMED.value, DeliveryState.DOT_PENDING.value]
        async with database_errors():
            await self._hints.update_one(
                _held(claim) | {"state": {"$in": running}},
                {"$set": {"lease_until": until, "next_attempt_at": until}},
            )

    async def offer_dot(
        self, claim: Claim, recipients: Sequence[Recipient], lease: timedelta, token: str = ""
    ) -> None:
        """Store, on a majority, that the final dot is sent next, and for which recipients.

        `token` is the one in the bounce address, by which reports find the delivery.

        Raises:
            ClaimLostError: Another claim has the delivery: do not send the dot.
            UnstorableError: The database refuses the replies about the recipients.
        """
        until = self._clock.now() + lease
        held = _held(claim)
        offered = {
            "state": DeliveryState.DOT_PENDING.value,
            "recipients": to_recipients(recipients),
            "lease_until": until,
            "next_attempt_at": until,
        } | ({"token": token} if token else {})
        proof = held | {"state": DeliveryState.DOT_PENDING.value}
        async with database_errors():
            is_ours = await self._offers.apply(
                Update(held | _may(Step.OFFER_DOT), {"$set": offered}, proof)
            )
        if not is_ours:
            raise ClaimLostError(claim.delivery.id)

    async def conclude(
        self, delivery: Delivery, conclusion: Conclusion, *, abandoned: bool = False
    ) -> Delivery:
        """Store how the attempt of a claim ended; return the delivery after it.

        With `abandoned` the attempt is another process's, and its lease must have ended.

        Raises:
            ClaimLostError: Another process has concluded it or begun a new attempt.
            UnstorableError: The database refuses the replies about the recipients.
        """
        after = concluded(delivery, conclusion)
        held: Document = {"_id": delivery.id, "claimed_by": delivery.claimed_by}
        wanted = held | _may(STEP_FOR[conclusion.state])
        if abandoned:
            wanted["lease_until"] = {"$lte": self._clock.now()}
        proof = held | {"state": conclusion.state.value}
        async with database_errors():
            is_written = await self._conclusions.apply(Update(wanted, concluding(after), proof))
        return after if is_written else await self._concluded_before(delivery, conclusion)

    async def cancel(self, delivery_id: str) -> bool:
        """Cancel a mail that waits for an attempt; return whether it is canceled now.

        Recipients that an earlier attempt reached stay ACCEPTED.
        """
        async with database_errors():
            result = await self._collection.update_one(
                {"_id": delivery_id} | _may(Step.CANCEL),
                {
                    "$set": {"state": DeliveryState.CANCELED.value},
                    "$unset": {"next_attempt_at": "", "summoned_at": ""},
                },
            )
        if result.matched_count:
            return True
        found = await self.get(delivery_id)
        return found is not None and found.state is DeliveryState.CANCELED

    async def request_due_attempts(self) -> AsyncIterator[tuple[str, Cause]]:
        """Yield the ids of deliveries that are due, each to one caller of all pods.

        The longest overdue come first. Each search continues where the one before it ended.
        """
        due: Document = {}
        while True:
            now = self._clock.now()
            quiet = {"$not": {"$gt": now - _REQUESTED_AGAIN_AFTER}}
            async with database_errors():
                document = await self._hints.find_one_and_update(
                    {"next_attempt_at": {**due, "$lte": now}, "summoned_at": quiet},
                    {"$set": {"summoned_at": now}},
                    {"correlation_id": 1, "next_attempt_at": 1},
                    sort=[("next_attempt_at", ASCENDING)],
                )
            if document is None:
                return
            due = {"$gte": document["next_attempt_at"]}
            yield document["_id"], Cause(UUID(document["correlation_id"]))

    async def _claim_together(self, several: Sequence[_Claiming]) -> Sequence[Document | None]:
        if len(several) == 1:
            (one,) = several
            return [
                await self._hints.find_one_and_update(
                    one.wanted, one.changes, {"outbox": 0}, return_document=ReturnDocument.AFTER
                )
            ]
        await self._hints.bulk_write(
            [UpdateOne(one.wanted, one.changes) for one in several], ordered=False
        )
        # A claim is verified in the document, as two of them may have been for the same delivery.
        ours = {
            "_id": {"$in": [one.delivery_id for one in several]},
            "claimed_by": {"$in": [one.by for one in several]},
        }
        found = await self._hints.find(ours, {"outbox": 0}, batch_size=len(several) + 1).to_list()
        by_claim = {document["claimed_by"]: document for document in found}
        return [by_claim.get(one.by) for one in several]

    async def _kept(self, raw: bytes | ContentRef) -> bytes | ContentRef:
        if isinstance(raw, bytes) and len(raw) > IN_ONE_DOCUMENT:
            return await self._vault.put(raw)
        return raw

    async def _concluded_before(self, delivery: Delivery, conclusion: Conclusion) -> Delivery:
        # The acknowledgement of this very write may have been lost with the connection.
        found = await self.get(delivery.id)
        if found and found.claimed_by == delivery.claimed_by and found.state is conclusion.state:
            return found
        raise ClaimLostError(delivery.id)

    async def _announce_again(self, delivery_id: str) -> None:
        found = await self._collection.find_one({"_id": delivery_id}, {"outbox": 1})
        if found and found["outbox"]:
            await self._announce(delivery_id, [to_message(entry) for entry in found["outbox"]])


def _held(claim: Claim) -> Document:
    return {"_id": claim.delivery.id, "claimed_by": claim.delivery.claimed_by}


def _may(step: Step) -> Document:
    return {"state": {"$in": [state.value for state in states_before(step)]}}
