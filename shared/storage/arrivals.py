"""Mails as they came in: the raw octets and the envelope, durable before anybody is told 250."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.contracts.commands import ParseMail
from shared.contracts.envelope import Cause
from shared.contracts.outgoing import wrap
from shared.domain.clock import Clock
from shared.domain.ids import new_id
from shared.storage.client import Database, Document, database_errors
from shared.storage.interactions import Announce
from shared.storage.outbox import to_entry
from shared.storage.vault import IN_ONE_DOCUMENT, ContentRef, Vault

COLLECTION: Final = "arrivals"


class UnknownArrivalError(Exception):
    """There is no arrival of that id."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One mail as it was handed in: RFC 5321's envelope, and the octets between DATA and dot.

    `sender` is empty for the null reverse-path; `mailboxes` are those of ours that it is for.
    """

    id: str
    sender: str
    mailboxes: tuple[str, ...]
    peer: str
    received_at: datetime
    raw: bytes


class ArrivalStore:
    """All arrivals. Small ones are one document and cost one write; large ones use the vault."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, announce: Announce) -> None:
        self._collection = database[COLLECTION]
        self._vault = vault
        self._clock = clock
        self._announce = announce

    async def add(self, raw: bytes, *, sender: str, mailboxes: Sequence[str], peer: str) -> str:
        """Store a mail and return the id of its arrival; only then is it ours.

        The command to parse it is in the same write, and published behind the caller's back.
        """
        now, arrival_id = self._clock.now(), new_id()
        owed = [wrap(ParseMail(arrival_id=arrival_id), Cause.about(arrival_id), now)]
        document: Document = {
            "_id": arrival_id,
            "sender": sender,
            "mailboxes": list(mailboxes),
            "peer": peer,
            "received_at": now,
            "outbox": [to_entry(message, now) for message in owed],
        }
        if len(raw) <= IN_ONE_DOCUMENT:
            document["raw"] = raw
        else:
            ref = await self._vault.put(raw)
            document["content"] = {"sha256": ref.sha256, "size": ref.size}
        async with database_errors():
            await self._collection.insert_one(document)
        await self._announce(arrival_id, owed)
        return arrival_id

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
