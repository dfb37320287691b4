"""`mailroom trace`: prints the history of one mail from the database."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

from services.console.exit_codes import Exit, NotPossibleError
from services.console.settings import read_settings
from services.console.store import SystemQueries, bare_id, connected_database, known_as
from shared.contracts.envelope import Cause
from shared.domain.clock import SystemClock
from shared.domain.deliveries.delivery import Delivery
from shared.domain.lifecycle import Direction
from shared.domain.set_aside import SCREENING
from shared.domain.storable_text import storable
from shared.mail.mime.headers import read_mail_headers
from shared.mail.parsing.identity import message_id
from shared.storage import parked_messages
from shared.storage.agents import agent_store
from shared.storage.database.client import Database, Document
from shared.storage.database.outbox import HAS_MESSAGES
from shared.storage.files.vault import ContentRef, DamagedContentError, Vault
from shared.storage.interactions import interaction_store
from shared.storage.mails import arrival_store, delivery_store
from shared.storage.mails.delivery_documents import to_delivery

# Lines that a person reads; more than that is a loop, which the first hundred show.
_MOST: Final = 100
_MOST_UNREAD: Final = 1_000
_LONGEST: Final = 300
_WHERE: Final[Document] = {
    "direction": 1,
    "state": 1,
    "queue": 1,
    "owner_id": 1,
    "invitation": 1,
    "place": 1,
    "mailbox": 1,
    "arrival_id": 1,
    "received_at": 1,
    "changed_at": 1,
    "parent_id": 1,
    "copies": 1,
    f"user_data.{SCREENING}": 1,
}


async def trace(wanted_id: str) -> None:
    """Print the recorded steps of a mail in their order.

    Raises:
        NotPossibleError: Nothing is recorded.
    """
    async with connected_database(read_settings().mongodb_url) as database:
        lines = [line async for line in MailTrace(database).lines(wanted_id)]
    if not lines:
        raise NotPossibleError(
            f"nothing is known of {storable(wanted_id, _LONGEST)}: it was not taken here, or its "
            "sender was answered with a refusal; ingest's log has a line for each mail it took",
            Exit.NOT_FINE,
        )
    print("\n".join(lines))


class MailTrace:
    """Collects the records of one mail from the collections."""

    def __init__(self, database: Database) -> None:
        self._interactions = database[interaction_store.COLLECTION]
        self._arrivals = database[arrival_store.COLLECTION]
        self._deliveries = database[delivery_store.COLLECTION]
        self._agents = database[agent_store.COLLECTION]
        self._parked = database[parked_messages.COLLECTION]
        self._discarded = database[parked_messages.DISCARDED]
        self._vault = Vault(database, SystemClock())
        self._queries = SystemQueries(database, SystemClock())

    async def lines(self, wanted_id: str) -> AsyncIterator[str]:
        """Yield one line for each record; the id may be a Message-ID or an interaction's id."""
        bare = bare_id(wanted_id)
        found = (
            await self._interactions.find(known_as(bare), _WHERE).sort("received_at").to_list(_MOST)
        )
        for one in found:
            async for line in self._about(one):
                yield line
            async for answer in self._interactions.find({"parent_id": one["_id"]}, _WHERE):
                yield f"{one['_id']}: has the answer or successor {answer['_id']}"
                async for line in self._about(answer):
                    yield line
        if not found:
            async for line in self._unread(bare):
                yield line

    async def _about(self, one: Document) -> AsyncIterator[str]:
        for arrival_id in [one.get("arrival_id"), *one.get("copies", ())]:
            if arrival_id:
                yield await self._arrival(arrival_id)
                async for line in self._not_handled(arrival_id):
                    yield line
        yield f"{one['_id']}: {await self._whereabouts(one)}"
        if screening := one.get("user_data", {}).get(SCREENING):
            yield f"{one['_id']}: screened by {storable(str(screening), _LONGEST)}"
        if one["direction"] == Direction.OUTBOUND.value:
            async for line in self._delivery(one["_id"]):
                yield line
        async for line in self._not_handled(one["_id"]):
            yield line

    async def _not_handled(self, about: str) -> AsyncIterator[str]:
        """Yield the parked and discarded messages about an arrival or interaction."""
        journey = {"correlation_id": str(Cause.about(about).correlation_id)}
        async for one in self._parked.find(journey, {"body": 0}, sort=[("parked_at", 1)]):
            yield f"{about}: {_parked(one)}"
        async for one in self._discarded.find(journey, {"body": 0}, sort=[("discarded_at", 1)]):
            yield f"{about}: {_discarded(one)}"

    async def _arrival(self, arrival_id: str) -> str:
        arrival = await self._arrivals.find_one({"_id": arrival_id}, {"raw": 0, "outbox": 0})
        return _received(arrival) if arrival else f"arrival {arrival_id}: no longer kept"

    async def _whereabouts(self, one: Document) -> str:
        invitation, place = one.get("invitation"), one.get("place")
        where = f"{one['state']} in queue {one['queue'] or '(none)'}"
        if invitation:
            where += f", offered to {await self._name(invitation['agent_id'])}"
        if one.get("owner_id"):
            where += f", with {await self._name(one['owner_id'])}"
        if place:
            owner = place["owner"] if place["of_group"] else await self._name(place["owner"])
            where += f", in workbin {place['workbin']} of {owner}"
        return f"{one['direction']}, {where}, since {one['changed_at']:%Y-%m-%d %H:%M:%S} UTC"

    async def _delivery(self, interaction_id: str) -> AsyncIterator[str]:
        stored = await self._deliveries.find_one({"_id": interaction_id}, {"raw": 0, "outbox": 0})
        if stored is None:
            yield f"{interaction_id}: was never given to a mail server"
            return
        delivery = to_delivery(stored)
        yield f"{interaction_id}: delivery {delivery.state} of {delivery.message_id}"
        for line in _attempts(delivery):
            yield f"{interaction_id}: {line}"

    async def _unread(self, bare: str) -> AsyncIterator[str]:
        """Yield the arrivals with the id that have no interaction: not parsed yet, or lost."""
        # The index of outboxes is on `outbox.at`; naming the field lets the query use it.
        owing = HAS_MESSAGES | {"outbox.at": {"$exists": True}}
        owed = self._arrivals.find(owing, {"outbox": 0}, limit=_MOST_UNREAD)
        unread = [one async for one in owed if await self._has_id(one, bare)]
        unseen = set(await self._queries.unseen(timedelta(0)))
        wanted = {"_id": {"$in": sorted(unseen - {one["_id"] for one in unread})}}
        rest = self._arrivals.find(wanted, {"outbox": 0})
        lost = [one async for one in rest if await self._has_id(one, bare)]
        for one in unread:
            yield f"{_received(one)}; not read yet, ingest will"
        for one in lost:
            yield (
                f"{_received(one)}; became no interaction: `mailroom parse {one['_id']}` reads it "
                "again"
            )
        for one in unread + lost:
            async for line in self._not_handled(one["_id"]):
                yield line

    async def _has_id(self, arrival: Document, bare: str) -> bool:
        """Say whether the arrival, or its mail, has the id; large mails are read from the vault."""
        if arrival["_id"] == bare:
            return True
        raw = arrival.get("raw")
        if raw is None:
            raw = await self._beginning(ContentRef(**arrival["content"]))
        headers, _ = read_mail_headers(raw)
        return message_id(headers, raw) == f"<{bare}>"

    async def _beginning(self, ref: ContentRef) -> bytes:
        """Return the first piece, which holds the headers; b"" if the content is damaged."""
        try:
            async for piece in self._vault.open(ref):
                return piece
        except DamagedContentError:
            return b""
        return b""

    async def _name(self, agent_id: str) -> str:
        agent = await self._agents.find_one({"_id": agent_id}, {"user_name": 1})
        return str(agent["user_name"]) if agent else agent_id


def _received(arrival: Document) -> str:
    mailboxes, sender = ", ".join(arrival["mailboxes"]), storable(arrival["sender"], _LONGEST)
    return (
        f"arrival {arrival['_id']}: received {arrival['received_at']:%Y-%m-%d %H:%M:%S} UTC from "
        f"{arrival['peer'] or '?'}{_way(arrival)}, sender <{sender}>, for {mailboxes}"
    )


def _way(arrival: Document) -> str:
    """Return the way a mail came, which arrivals of earlier releases do not say."""
    return f" by {arrival['way'].upper()}" if "way" in arrival else ""


def _parked(message: Document) -> str:
    tried = f", tried {message['attempts']} times" if message["attempts"] else ""
    return (
        f"parked by {message['queue']} since {message['parked_at']:%Y-%m-%d %H:%M:%S} UTC{tried}: "
        f"{storable(message['reason'], _LONGEST)}; `mailroom replay {message['queue']} --id "
        f"{message['message_id']}` handles it again"
    )


def _discarded(message: Document) -> str:
    return (
        f"thrown away {message['discarded_at']:%Y-%m-%d %H:%M:%S} UTC because "
        f"{storable(message['why'], _LONGEST)}; it was parked by {message['queue']}: "
        f"{storable(message['reason'], _LONGEST)}"
    )


def _attempts(delivery: Delivery) -> list[str]:
    lines = [
        f"attempt {one.number} {one.ended_at:%Y-%m-%d %H:%M:%S} UTC: {one.ended_as}"
        + (f", {storable(one.reason, _LONGEST)}" if one.reason else "")
        for one in delivery.attempts
    ]
    lines += [f"recipient {one.address}: {one.state}" for one in delivery.recipients]
    if delivery.next_attempt_at:
        lines.append(f"looked at again {delivery.next_attempt_at:%Y-%m-%d %H:%M:%S} UTC")
    return lines
