"""Mails as they came in: the raw octets and the envelope, durable before anybody is told 250."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from shared.contracts.commands import ParseMail
from shared.contracts.envelope import Cause
from shared.contracts.outgoing import Outgoing, wrap
from shared.domain.clock import Clock
from shared.domain.ids import new_id
from shared.storage.database.batching import Inserts
from shared.storage.database.client import Database, Document, database_errors
from shared.storage.database.outbox import to_entry
from shared.storage.files.vault import IN_ONE_DOCUMENT, ContentRef, Vault

COLLECTION: Final = "arrivals"


class UnknownArrivalError(Exception):
    """There is no arrival of that id."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One mail as it was handed in: RFC 5321's envelope, and the octets between DATA and dot.

    `sender` is empty for the null reverse-path; `mailboxes` are those of ours that it is for.
    `tries` counts how often reading it took too long or crashed; the next try is at `retry_at`.
    """

    id: str
    sender: str
    mailboxes: tuple[str, ...]
    peer: str
    received_at: datetime
    raw: bytes
    tries: int = 0
    retry_at: datetime | None = None


class Announcing(Protocol):
    """Publishes the orders that arrivals owe, or hears that they need not be published."""

    async def announce_soon(self, document_id: str, owed: Sequence[Outgoing], /) -> None:
        """Publish in the background, or leave it to the sweep."""
        ...

    def strike_soon(self, document_id: str, message_ids: Sequence[str], /) -> None:
        """Strike what has been done already."""
        ...


@dataclass(frozen=True, slots=True)
class Stored:
    """A mail that is ours now, and the order to parse it, which its document still owes."""

    arrival: Arrival
    order: Outgoing


class ArrivalStore:
    """All arrivals. Small ones are one document and cost one write; large ones use the vault."""

    def __init__(
        self, database: Database, vault: Vault, clock: Clock, announcing: Announcing
    ) -> None:
        self._collection = database[COLLECTION]
        self._inserts = Inserts(self._collection)
        self._vault = vault
        self._clock = clock
        self._announcing = announcing

    async def add(self, raw: bytes, *, sender: str, mailboxes: Sequence[str], peer: str) -> str:
        """Store a mail, have it parsed by whoever takes the order, and return its id."""
        stored = await self.store(raw, sender=sender, mailboxes=mailboxes, peer=peer)
        await self.order_parsing(stored)
        return stored.arrival.id

    async def store(
        self, raw: bytes, *, sender: str, mailboxes: Sequence[str], peer: str
    ) -> Stored:
        """Store a mail; only then is it ours.

        The order to parse it is in the same write: whoever does not carry it out says so with
        `order_parsing`, and where nobody says anything the sweep does.
        """
        now, arrival_id = self._clock.now(), new_id()
        order = wrap(ParseMail(arrival_id=arrival_id), Cause.about(arrival_id), now)
        document: Document = {
            "_id": arrival_id,
            "sender": sender,
            "mailboxes": list(mailboxes),
            "peer": peer,
            "received_at": now,
            "outbox": [to_entry(order, now)],
        }
        if len(raw) <= IN_ONE_DOCUMENT:
            document["raw"] = raw
        else:
            ref = await self._vault.put(raw)
            document["content"] = {"sha256": ref.sha256, "size": ref.size}
        async with database_errors():
            await self._inserts.add(document)
        return Stored(Arrival(arrival_id, sender, tuple(mailboxes), peer, now, raw), order)

    async def order_parsing(self, stored: Stored) -> None:
        """Put the order on the queue, behind the caller's back."""
        await self._announcing.announce_soon(stored.arrival.id, [stored.order])

    def note_parsed(self, arrival_id: str, order_id: str) -> None:
        """Note that the order has been carried out, by whatever way it came."""
        self._announcing.strike_soon(arrival_id, [order_id])

    async def get(self, arrival_id: str) -> Arrival:
        """Return an arrival with its octets.

        Raises:
            UnknownArrivalError: There is none of that id.
        """
        async with database_errors():
            document = await self._collection.find_one({"_id": arrival_id}, {"outbox": 0})
        if document is None:
            raise UnknownArrivalError(arrival_id)
        raw = document.get("raw")
        if raw is None:
            raw = await self._vault.get(ContentRef(**document["content"]))
        return Arrival(
            arrival_id,
            document["sender"],
            tuple(document["mailboxes"]),
            document["peer"],
            document["received_at"],
            raw,
            document.get("tries", 0),
            document.get("retry_at"),
        )

    async def postpone(self, arrival: Arrival, retry_at: datetime) -> None:
        """Note that a mail could not be read, and not before when to try again."""
        async with database_errors():
            await self._collection.update_one(
                {"_id": arrival.id, "tries": {"$not": {"$gt": arrival.tries}}},
                {"$set": {"tries": arrival.tries + 1, "retry_at": retry_at}},
            )

    async def keep_from_sweep(self, arrival_ids: Sequence[str]) -> None:
        """Say that somebody who runs has these mails: the sweep need not order them again."""
        async with database_errors():
            await self._collection.update_many(
                {"_id": {"$in": list(arrival_ids)}, "outbox.0": {"$exists": True}},
                {"$set": {"outbox.$[].at": self._clock.now()}},
            )

    async def raw_size(self, arrival_id: str) -> int | None:
        """Return how many octets a mail has; None where there is no such arrival."""
        fields = {"content.size": 1, "size": {"$binarySize": "$raw"}}
        async with database_errors():
            document = await self._collection.find_one({"_id": arrival_id}, fields)
        if document is None:
            return None
        size: int = document["content"]["size"] if "content" in document else document["size"]
        return size

    async def raw(self, arrival_id: str) -> AsyncIterator[bytes]:
        """Give the octets of a mail, a large one in pieces."""
        async with database_errors():
            document = await self._collection.find_one({"_id": arrival_id}, {"outbox": 0}) or {}
        if "content" in document:
            async for piece in self._vault.open(ContentRef(**document["content"])):
                yield piece
        else:
            yield document.get("raw", b"")
