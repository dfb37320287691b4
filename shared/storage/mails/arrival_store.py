"""Arrived mails: raw octets and envelope, durable before the SMTP reply 250."""

from collections.abc import AsyncIterable, AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from shared.contracts.commands import ParseMail
from shared.contracts.envelope import Cause
from shared.contracts.outgoing import Outgoing, wrap
from shared.domain.clock import Clock
from shared.domain.ids import new_id
from shared.domain.mail_envelope import MailEnvelope, Way
from shared.faults import crash_point
from shared.storage.database.batching import BatchInserter
from shared.storage.database.client import Database, Document, database_errors
from shared.storage.database.outbox import to_entry
from shared.storage.files.vault import IN_ONE_DOCUMENT, ContentRef, Vault

COLLECTION: Final = "arrivals"


class UnknownArrivalError(Exception):
    """There is no arrival of that id."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A mail as it arrived: its envelope, and its octets under our trace fields.

    `sender` is empty for the null reverse-path; `mailboxes` are our mailboxes that it is for, and
    `recipients` the addresses by which its source named them. `tries` counts how often parsing took
    too long or crashed; the next try is at `retry_at`.
    """

    id: str
    sender: str
    mailboxes: tuple[str, ...]
    peer: str
    received_at: datetime
    raw: bytes
    tries: int = 0
    retry_at: datetime | None = None
    way: Way = Way.SMTP
    recipients: tuple[str, ...] = ()


class Announcing(Protocol):
    """Publishes the commands to parse arrivals, or removes them from the outbox."""

    async def announce_soon(self, document_id: str, owed: Sequence[Outgoing], /) -> None:
        """Publish in the background, or leave the messages to the sweep."""
        ...

    def remove_soon(self, document_id: str, message_ids: Sequence[str], /) -> None:
        """Remove messages that need not be published any more."""
        ...


@dataclass(frozen=True, slots=True)
class StoredArrival:
    """A stored mail, and the command to parse it, which is still in its outbox."""

    arrival: Arrival
    order: Outgoing


class ArrivalStore:
    """All arrivals. A mail up to 256 kB is one document, a larger one is in the vault."""

    def __init__(
        self, database: Database, vault: Vault, clock: Clock, announcing: Announcing
    ) -> None:
        self._collection = database[COLLECTION]
        self._inserts = BatchInserter(self._collection)
        self._vault = vault
        self._clock = clock
        self._announcing = announcing

    async def add(
        self, raw: bytes, envelope: MailEnvelope, *, arrival_id: str | None = None
    ) -> str:
        """Store a mail and publish the command to parse it; return the arrival's id.

        With the `arrival_id` of an earlier try that has stored its mail, nothing is stored.
        """
        document, order = self._new(envelope, arrival_id)
        return await self._add(document | await self._in_document_or_vault(raw), order)

    async def add_stream(
        self,
        pieces: AsyncIterable[bytes],
        envelope: MailEnvelope,
        *,
        arrival_id: str | None = None,
    ) -> str:
        """Store a mail from its pieces, with about 2 MB of it in memory; else as `add`.

        If `pieces` raises, nothing is stored and the error is raised again.
        """
        ref = await self._vault.put_stream(pieces)
        # A crash here leaves octets in the vault to which nothing refers. The source was told
        # nothing, so it sends the mail again.
        crash_point("arrivals.before_insert")
        document, order = self._new(envelope, arrival_id)
        return await self._add(document | _in_vault(ref), order)

    async def store(self, raw: bytes, envelope: MailEnvelope) -> StoredArrival:
        """Store a mail durably; only after this may its source be told that it is taken.

        The same write puts the command to parse it into the outbox. A caller that does not parse
        the mail itself calls `order_parsing`; if it fails before that, the sweep publishes it.
        """
        document, order = self._new(envelope)
        await self._insert(document | await self._in_document_or_vault(raw))
        return StoredArrival(_arrival(document, raw), order)

    async def _in_document_or_vault(self, raw: bytes) -> Document:
        return (
            {"raw": raw} if len(raw) <= IN_ONE_DOCUMENT else _in_vault(await self._vault.put(raw))
        )

    async def _add(self, document: Document, order: Outgoing) -> str:
        arrival_id: str = document["_id"]
        if await self._insert(document):
            await self._announcing.announce_soon(arrival_id, [order])
        return arrival_id

    def _new(
        self, envelope: MailEnvelope, arrival_id: str | None = None
    ) -> tuple[Document, Outgoing]:
        now, arrival_id = self._clock.now(), arrival_id or new_id()
        order = wrap(ParseMail(arrival_id=arrival_id), Cause.about(arrival_id), now)
        document: Document = {
            "_id": arrival_id,
            "way": envelope.way.value,
            "sender": envelope.sender,
            "mailboxes": list(envelope.mailboxes),
            "recipients": list(envelope.recipients),
            "peer": envelope.peer,
            "received_at": now,
            # In the same document, so that no mail is ever stored without its command.
            "outbox": [to_entry(order, now)],
        }
        if envelope.fingerprint:
            document["fingerprint"] = envelope.fingerprint
        return document, order

    async def _insert(self, document: Document) -> bool:
        async with database_errors():
            return await self._inserts.add(document)

    async def order_parsing(self, stored: StoredArrival) -> None:
        """Publish the command to parse a mail, in the background."""
        await self._announcing.announce_soon(stored.arrival.id, [stored.order])

    def note_parsed(self, arrival_id: str, order_id: str) -> None:
        """Remove the command to parse from the outbox, because the mail has been parsed."""
        self._announcing.remove_soon(arrival_id, [order_id])

    async def get(self, arrival_id: str) -> Arrival:
        """Return an arrival with its octets.

        Raises:
            UnknownArrivalError: There is no arrival of that id.
        """
        async with database_errors():
            document = await self._collection.find_one({"_id": arrival_id}, {"outbox": 0})
        if document is None:
            raise UnknownArrivalError(arrival_id)
        raw = document.get("raw")
        if raw is None:
            raw = await self._vault.get(ContentRef(**document["content"]))
        return _arrival(document, raw)

    async def postpone(self, arrival: Arrival, retry_at: datetime) -> None:
        """Count a failed try to parse a mail, and store the earliest time of the next one."""
        async with database_errors():
            await self._collection.update_one(
                {"_id": arrival.id, "tries": {"$not": {"$gt": arrival.tries}}},
                {"$set": {"tries": arrival.tries + 1, "retry_at": retry_at}},
            )

    async def postpone_sweep(self, arrival_ids: Sequence[str]) -> None:
        """Keep the sweep from publishing the commands of mails that this process still has."""
        async with database_errors():
            await self._collection.update_many(
                {"_id": {"$in": list(arrival_ids)}, "outbox.0": {"$exists": True}},
                {"$set": {"outbox.$[].at": self._clock.now()}},
            )

    async def raw_size(self, arrival_id: str) -> int | None:
        """Return the size of a mail in octets; None if there is no such arrival."""
        fields = {"content.size": 1, "size": {"$binarySize": "$raw"}}
        async with database_errors():
            document = await self._collection.find_one({"_id": arrival_id}, fields)
        if document is None:
            return None
        size: int = document["content"]["size"] if "content" in document else document["size"]
        return size

    async def raw(self, arrival_id: str) -> AsyncIterator[bytes]:
        """Yield the octets of a mail, a large one in pieces."""
        async with database_errors():
            document = await self._collection.find_one({"_id": arrival_id}, {"outbox": 0}) or {}
        if "content" in document:
            async for piece in self._vault.open(ContentRef(**document["content"])):
                yield piece
        else:
            yield document.get("raw", b"")


def _in_vault(ref: ContentRef) -> Document:
    return {"content": {"sha256": ref.sha256, "size": ref.size}}


def _arrival(document: Document, raw: bytes) -> Arrival:
    # Earlier releases stored no way and no recipients; all mail came by SMTP or LMTP.
    return Arrival(
        document["_id"],
        document["sender"],
        tuple(document["mailboxes"]),
        document["peer"],
        document["received_at"],
        raw,
        document.get("tries", 0),
        document.get("retry_at"),
        Way(document.get("way", Way.SMTP)),
        tuple(document.get("recipients", ())),
    )
