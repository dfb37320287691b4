"""The journal: the events of each agent, numbered without a gap, kept for some days."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pymongo import ASCENDING, DESCENDING, UpdateOne
from pymongo.errors import BulkWriteError
from pymongo.read_concern import ReadConcern

from shared.domain.clock import Clock
from shared.domain.errors import PositionGoneError, Unavailable
from shared.domain.journal_positions import Span, next_positions, require_no_gap
from shared.storage.database.batching import for_herds
from shared.storage.database.client import Collection, Database, Document, database_errors
from shared.storage.journal_generations import NEWEST, read_floor

COLLECTION: Final = "journal"
# So many sessions share one query when all clients come back at once.
_MOST_PAGES: Final = 100
# Two writers at once are rare: the broker gives the journal to one pod.
_TRIES: Final = 8
# MongoDB's error code.
_DUPLICATE_KEY: Final = 11000


@dataclass(frozen=True, slots=True)
class Announced:
    """An event for an agent, in the envelope in which it was published."""

    event_id: str
    agent_id: str
    envelope: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """An event at its position in the agent's journal; `envelope` is what was published."""

    agent_id: str
    position: int
    envelope: bytes


@dataclass(frozen=True, slots=True)
class StoredEntry(Entry):
    """An entry with the id of its event, which the form between pods leaves out."""

    event_id: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page of an agent's journal: at most `size` positions after `after`."""

    agent_id: str
    after: int
    size: int

    @property
    def last(self) -> int:
        """The last position that can be on the page."""
        return self.after + self.size


class JournalUnavailableError(Unavailable):
    """Other pods wrote at the same time again and again, or a majority did not confirm."""


class Journal:
    """The reading end of the journal. It reads what a majority has."""

    def __init__(self, database: Database) -> None:
        self._entries = database[COLLECTION]
        self._newest = database[NEWEST]
        # After an outage thousands of sessions read at the same time, each for itself.
        self._newest_batcher = for_herds(self._read_newest)
        self._spans_batcher = for_herds(self._read_spans)
        self._pages_batcher = for_herds(self._read_pages, most=_MOST_PAGES)

    async def newest(self, agent_id: str) -> int:
        """Return the newest position of an agent, 0 if it never had an event."""
        async with database_errors():
            return await self._newest_batcher(agent_id)

    async def span(self, agent_id: str) -> Span:
        """Return the oldest and the newest kept position of an agent."""
        async with database_errors():
            return await self._spans_batcher(agent_id)

    async def after(self, agent_id: str, position: int, *, limit: int) -> list[StoredEntry]:
        """Return at most `limit` entries after a position, in order.

        Raises:
            PositionGoneError: An entry after it is no longer kept.
        """
        page = Page(agent_id, position, limit)
        async with database_errors():
            entries = await self._pages_batcher(page)
            if not entries and await self.newest(agent_id) > position:
                # The entry was written between the two reads, or it has been deleted.
                entries = await self._pages_batcher(page)
                if not entries:
                    raise PositionGoneError(f"nothing after position {position} is kept")
        require_no_gap(position, (entry.position for entry in entries))
        return entries

    async def _read_newest(self, agent_ids: Sequence[str]) -> Sequence[int]:
        found = await newest_positions(self._entries, self._newest, agent_ids)
        return [found[one] for one in agent_ids]

    async def _read_spans(self, agent_ids: Sequence[str]) -> Sequence[Span]:
        newest = await newest_positions(self._entries, self._newest, agent_ids)
        floor = await read_floor(self._newest)
        oldest = await _ends(self._entries, agent_ids, ASCENDING, above=floor)
        return [Span(oldest.get(one, newest[one] + 1), newest[one]) for one in agent_ids]

    async def _read_pages(self, pages: Sequence[Page]) -> Sequence[list[StoredEntry]]:
        wanted = [
            {"agent_id": page.agent_id, "position": {"$gt": page.after, "$lte": page.last}}
            for page in pages
        ]
        at_most = sum(page.size for page in pages)
        cursor = self._entries.find({"$or": wanted}, batch_size=at_most + 1)
        cursor.sort("position", ASCENDING)
        of_agent: dict[str, list[StoredEntry]] = {page.agent_id: [] for page in pages}
        for entry in map(_to_entry, await cursor.to_list()):
            of_agent[entry.agent_id].append(entry)
        return [
            [entry for entry in of_agent[page.agent_id] if page.after < entry.position <= page.last]
            for page in pages
        ]


class JournalAppender:
    """The writing end of the journal, for one pod at a time.

    If two pods write, a unique index lets one of them win.
    """

    def __init__(self, database: Database, clock: Clock, *, retention: timedelta) -> None:
        local = ReadConcern("local")
        self._entries = database[COLLECTION].with_options(read_concern=local)
        self._newest = database[NEWEST].with_options(read_concern=local)
        self._clock = clock
        self._retention = retention
        self._reached: dict[str, int] = {}
        self._floor = 0

    def forget(self) -> None:
        """Drop the known positions, because another pod may have written."""
        self._reached.clear()

    async def append(self, events: Sequence[Announced]) -> list[StoredEntry]:
        """Write events in order in one write; return them with their positions.

        An event that is in the journal already keeps its position.

        Raises:
            Unavailable: It is not certain which of them are written. A repetition is safe.
        """
        try:
            return await self._append(events) if events else []
        except BaseException:
            self.forget()
            raise

    async def store_newest(self, entries: Sequence[Entry]) -> None:
        """Store the newest position of each agent, which has to outlive the entries.

        This majority write also makes entries durable that another pod wrote.
        """
        reached = {
            entry.agent_id: entry.position
            for entry in sorted(entries, key=lambda entry: entry.position)
        }
        if not reached:
            return
        async with database_errors():
            await self._newest.bulk_write(
                [
                    UpdateOne({"_id": agent_id}, {"$max": {"position": position}}, upsert=True)
                    for agent_id, position in reached.items()
                ],
                ordered=False,
            )

    async def _append(self, events: Sequence[Announced]) -> list[StoredEntry]:
        missing = {event.event_id: event for event in events}
        placed: list[StoredEntry] = []
        for _ in range(_TRIES):
            written = await self._insert(await self._number(missing.values()))
            placed += written
            for entry in written:
                del missing[entry.event_id]
            if not missing:
                return sorted(placed, key=lambda entry: entry.position)
            self.forget()
            found = await self._find(missing)
            await self.store_newest(found)
            placed += found
            for entry in found:
                del missing[entry.event_id]
            if not missing:
                return sorted(placed, key=lambda entry: entry.position)
        raise JournalUnavailableError("other pods were faster each time")

    async def _number(self, events: Iterable[Announced]) -> list[StoredEntry]:
        events = list(events)
        await self._forget_earlier_generations()
        unknown = {event.agent_id for event in events} - self._reached.keys()
        if unknown:
            async with database_errors():
                self._reached |= await newest_positions(self._entries, self._newest, unknown)
        positions = next_positions((event.agent_id for event in events), self._reached)
        return [
            StoredEntry(one.agent_id, at, one.envelope, one.event_id)
            for at, one in zip(positions, events, strict=True)
        ]

    async def _forget_earlier_generations(self) -> None:
        async with database_errors():
            floor = await read_floor(self._newest)
        if floor != self._floor:
            self.forget()
            self._floor = floor

    async def _insert(self, entries: list[StoredEntry]) -> list[StoredEntry]:
        """Write entries up to the first whose position or event exists already; return those."""
        expires_at = self._clock.now() + self._retention
        async with database_errors():
            try:
                await self._entries.insert_many(
                    [_to_document(entry, expires_at) for entry in entries]
                )
                written = entries
            except BulkWriteError as error:
                written = entries[: _count_before_duplicate(error)]
        self._reached |= {entry.agent_id: entry.position for entry in written}
        return written

    async def _find(self, event_ids: Iterable[str]) -> list[StoredEntry]:
        async with database_errors():
            found = await self._entries.find({"_id": {"$in": list(event_ids)}}).to_list()
        return [_to_entry(document) for document in found]


async def newest_positions(
    entries: Collection, newest: Collection, agent_ids: Iterable[str]
) -> dict[str, int]:
    """Return the newest position of each agent, whether its entry is kept or not."""
    agents = list(agent_ids)
    found = await _ends(entries, agents, DESCENDING)
    if missing := [one for one in agents if one not in found]:
        noted = await newest.find({"_id": {"$in": missing}}, batch_size=len(missing) + 1).to_list()
        found |= {document["_id"]: document["position"] for document in noted}
    floor = await read_floor(newest)
    return {one: max(found.get(one, 0), floor) for one in agents}


async def _ends(
    entries: Collection, agent_ids: Sequence[str], direction: int, *, above: int = 0
) -> dict[str, int]:
    """Return the oldest or newest kept position of each agent; agents without any are left out.

    The stages are sorted and grouped like the index, so that MongoDB reads one key for each agent
    (DISTINCT_SCAN).
    """
    cursor = await entries.aggregate(
        [
            {"$match": {"agent_id": {"$in": agent_ids}, "position": {"$gt": above}}},
            {"$sort": {"agent_id": direction, "position": direction}},
            {"$group": {"_id": "$agent_id", "position": {"$first": "$position"}}},
        ],
        batchSize=len(agent_ids) + 1,
    )
    return {document["_id"]: document["position"] for document in await cursor.to_list()}


def _count_before_duplicate(error: BulkWriteError) -> int:
    faults = error.details.get("writeErrors") or []
    if not faults or error.details.get("writeConcernErrors"):
        raise JournalUnavailableError("a majority did not confirm the write") from error
    if faults[0]["code"] != _DUPLICATE_KEY:
        raise error
    return int(error.details["nInserted"])


def _to_document(entry: StoredEntry, expires_at: datetime) -> Document:
    return {
        "_id": entry.event_id,
        "agent_id": entry.agent_id,
        "position": entry.position,
        "envelope": entry.envelope,
        "expires_at": expires_at,
    }


def _to_entry(document: Document) -> StoredEntry:
    return StoredEntry(
        document["agent_id"], document["position"], document["envelope"], document["_id"]
    )
