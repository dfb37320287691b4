"""The journal in a real database: every event has one place, and no place is left out."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import count
from typing import Any, Final

import pytest
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import BulkWriteError

from shared.domain.errors import PositionGoneError
from shared.domain.journal_positions import Span
from shared.storage.database.client import Database, open_database
from shared.storage.journal import (
    COLLECTION,
    Announced,
    Journal,
    JournalAppender,
    JournalUnavailableError,
)
from tests.connected.plans import plans_of
from tests.doubles.clock import MovableClock

pytestmark = pytest.mark.connected

RETENTION: Final = timedelta(hours=72)
_ids = count()


@pytest.fixture
async def opened(database_url: str) -> AsyncIterator[Database]:
    """A database with its indexes."""
    async with open_database(database_url, name="test") as opened:
        yield opened


def writer(database: Database) -> JournalAppender:
    return JournalAppender(database, MovableClock(), retention=RETENTION)


def events(*agents: str) -> list[Announced]:
    return [Announced(f"event-{next(_ids)}", agent, b"{}") for agent in agents]


async def placed(database: Database, agent: str) -> list[tuple[int, str]]:
    span = await Journal(database).span(agent)
    entries = await Journal(database).after(agent, span.oldest - 1, limit=10_000)
    return [(entry.position, entry.event_id) for entry in entries]


async def test_each_agent_has_a_numbering_without_a_gap(opened: Database) -> None:
    first, second = events("anna", "bert", "anna"), events("anna", "carl")
    writing = writer(opened)

    await writing.append(first)
    await writing.append(second)

    assert await placed(opened, "anna") == [
        (1, first[0].event_id),
        (2, first[2].event_id),
        (3, second[0].event_id),
    ]
    assert await placed(opened, "carl") == [(1, second[1].event_id)]


async def test_an_event_that_comes_again_keeps_its_place(opened: Database) -> None:
    known, new = events("anna", "anna"), events("anna")
    await writer(opened).append(known)

    entries = await writer(opened).append([*known, *new, *new])

    assert [entry.position for entry in entries] == [1, 2, 3]
    assert await placed(opened, "anna") == [
        (at, one.event_id) for at, one in enumerate([*known, *new], 1)
    ]


async def test_second_writer_takes_no_place_of_the_first(
    opened: Database,
) -> None:
    old, new = writer(opened), writer(opened)
    await old.append(events("anna", "bert"))
    await new.append(events("anna", "anna"))

    entries = await old.append(events("anna", "bert"))

    assert [(entry.agent_id, entry.position) for entry in entries] == [
        ("bert", 2),
        ("anna", 4),
    ]


async def test_two_who_write_the_same_at_once_write_it_once_and_in_order(opened: Database) -> None:
    batches = [events(*["anna"] * 20, *["bert"] * 5) for _ in range(10)]

    async def write_all(writing: JournalAppender) -> None:
        for batch in batches:
            await writing.append(batch)

    await asyncio.gather(write_all(writer(opened)), write_all(writer(opened)))

    for agent, size in (("anna", 200), ("bert", 50)):
        journal = await placed(opened, agent)
        mine = [one.event_id for batch in batches for one in batch if one.agent_id == agent]
        assert journal == list(enumerate(mine, 1))
        assert len(journal) == size


async def test_positions_go_on_where_all_entries_are_gone(opened: Database) -> None:
    writing = writer(opened)
    await writing.store_newest(await writing.append(events("anna", "anna")))
    await opened[COLLECTION].delete_many({})

    empty = await Journal(opened).span("anna")
    [entry] = await writer(opened).append(events("anna"))

    assert empty == Span(oldest=3, newest=2)
    assert entry.position == 3


async def test_position_no_longer_kept_is_not_passed_over(opened: Database) -> None:
    writing, journal = writer(opened), Journal(opened)
    await writing.append(events(*["anna"] * 5))
    await opened[COLLECTION].delete_many({"position": {"$in": [1, 3]}})

    assert await journal.span("anna") == Span(oldest=2, newest=5)
    assert [one.position for one in await journal.after("anna", 3, limit=10)] == [4, 5]
    with pytest.raises(PositionGoneError):
        await journal.after("anna", 0, limit=10)
    with pytest.raises(PositionGoneError):
        await journal.after("anna", 1, limit=10)


async def test_nothing_follows_the_newest_position(opened: Database) -> None:
    await writer(opened).append(events("anna"))

    assert await Journal(opened).after("anna", 1, limit=10) == []
    assert await Journal(opened).span("nobody") == Span(oldest=1, newest=0)


async def test_readers_at_the_same_time_get_what_each_asked(
    opened: Database,
) -> None:
    writing, journal = writer(opened), Journal(opened)
    await writing.append(events(*["anna"] * 7, *["bert"] * 3))
    await writing.store_newest(await writing.append(events("carl", "carl")))
    await opened[COLLECTION].delete_many({"agent_id": "carl"})
    agents = ["anna", "bert", "carl", "nobody"] * 30
    pages = [("anna", 0, 3), ("anna", 2, 10), ("bert", 1, 1), ("nobody", 0, 5), ("anna", 6, 9)] * 30

    spans = await asyncio.gather(*map(journal.span, agents))
    newest = await asyncio.gather(*map(journal.newest, agents))
    read = await asyncio.gather(
        *(journal.after(agent, after, limit=limit) for agent, after, limit in pages)
    )

    assert spans == [Span(1, 7), Span(1, 3), Span(3, 2), Span(1, 0)] * 30
    assert newest == [7, 3, 2, 0] * 30
    found = [[(one.agent_id, one.position) for one in entries] for entries in read]
    assert found[:5] == [
        [("anna", 1), ("anna", 2), ("anna", 3)],
        [("anna", at) for at in range(3, 8)],
        [("bert", 2)],
        [],
        [("anna", 7)],
    ]
    assert found == found[:5] * 30


async def test_reader_of_a_gone_position_fails_alone(opened: Database) -> None:
    writing, journal = writer(opened), Journal(opened)
    await writing.append(events(*["anna"] * 3, *["bert"] * 3))
    await opened[COLLECTION].delete_many({"agent_id": "anna", "position": {"$lte": 2}})

    gone, kept, rest = await asyncio.gather(
        journal.after("anna", 0, limit=2),
        journal.after("bert", 0, limit=2),
        journal.after("anna", 2, limit=2),
        return_exceptions=True,
    )

    assert isinstance(gone, PositionGoneError)
    assert isinstance(kept, list)
    assert isinstance(rest, list)
    assert [one.position for one in kept] == [1, 2]
    assert [one.position for one in rest] == [3]


async def test_the_database_forgets_entries_when_their_time_is_over(opened: Database) -> None:
    clock = MovableClock()
    await JournalAppender(opened, clock, retention=RETENTION).append(events("anna"))

    document = await opened[COLLECTION].find_one({}) or {}
    index = (await opened[COLLECTION].index_information())["kept-long-enough"]

    assert abs(document["expires_at"] - clock.now() - RETENTION) < timedelta(seconds=1)
    assert (index["key"], index["expireAfterSeconds"]) == ([("expires_at", 1)], 0)


async def test_write_without_a_majority_is_not_counted(
    opened: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = events("anna", "bert")
    details = {
        "nInserted": 1,
        "writeErrors": [{"index": 1, "code": 11000}],
        "writeConcernErrors": [{"code": 64, "errmsg": "waiting for replication timed out"}],
    }
    insert, doubtful = AsyncCollection.insert_many, iter([True])

    async def doubt_once(self: Any, *arguments: Any, **options: Any) -> Any:
        await insert(self, *arguments, **options)
        if next(doubtful, False):
            raise BulkWriteError(details)

    monkeypatch.setattr(AsyncCollection, "insert_many", doubt_once)
    writing = writer(opened)

    with pytest.raises(JournalUnavailableError):
        await writing.append(fresh)
    entries = await writing.append(fresh)

    assert [entry.position for entry in entries] == [1, 1]


async def test_the_ends_of_a_journal_are_found_by_one_key_for_each_agent(opened: Database) -> None:
    await writer(opened).append(events(*["anna"] * 30, *["bert"] * 30))

    async with plans_of(opened, COLLECTION) as plans:
        await Journal(opened).span("anna")

    assert {plan.summary for plan in plans} == {"DISTINCT_SCAN { agent_id: 1, position: 1 }"}
