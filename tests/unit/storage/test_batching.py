"""Simultaneous calls share a round trip, and each gets its own result."""

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest

from shared.storage.database.batching import Batcher, BatchReader, for_herds, for_streams
from shared.storage.database.client import Collection, Document


class Server:
    """Answers with the square of what it is asked, one round trip after another when told to."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.open = asyncio.Event()

    async def square(self, numbers: Sequence[int]) -> Sequence[int]:
        self.asked.append(list(numbers))
        await self.open.wait()
        if 13 in numbers:
            raise ConnectionError("an unlucky number")
        return [number * number for number in numbers]


@pytest.fixture
def server() -> Server:
    return Server()


async def begin(squares: Batcher[int, int], *numbers: int) -> list["asyncio.Task[int]"]:
    tasks = [asyncio.create_task(squares(number)) for number in numbers]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


async def test_a_call_alone_goes_at_once(server: Server) -> None:
    server.open.set()

    answer = await Batcher(server.square)(7)

    assert (answer, server.asked) == (49, [[7]])


async def test_calls_of_one_moment_share_a_round_trip(server: Server) -> None:
    tasks = await begin(Batcher(server.square), 1, 2, 3)
    server.open.set()

    assert await asyncio.gather(*tasks) == [1, 4, 9]
    assert server.asked == [[1, 2, 3]]


async def test_calls_during_a_round_trip_share_the_next_one(server: Server) -> None:
    squares = Batcher(server.square, at_once=1)
    tasks = [*await begin(squares, 1), *await begin(squares, 2), *await begin(squares, 3, 4)]
    server.open.set()

    assert await asyncio.gather(*tasks) == [1, 4, 9, 16]
    assert server.asked == [[1], [2, 3, 4]]


async def test_a_start_that_is_canceled_stops_no_later_call(server: Server) -> None:
    squares = Batcher(server.square, at_once=1)
    lost = asyncio.create_task(squares(1))
    others = asyncio.all_tasks()
    await asyncio.sleep(0)
    (start,) = asyncio.all_tasks() - others
    start.cancel()
    await asyncio.sleep(0)
    server.open.set()

    assert await squares(3) == 9
    lost.cancel()


async def test_call_never_joins_a_started_round_trip(server: Server) -> None:
    squares = Batcher(server.square, at_once=1)
    first = await begin(squares, 5)
    second = await begin(squares, 5)
    server.open.set()

    await asyncio.gather(*first, *second)

    assert server.asked == [[5], [5]]


async def test_no_round_trip_takes_more_than_it_may(server: Server) -> None:
    tasks = await begin(Batcher(server.square, most=2, at_once=1), 1, 2, 3, 4, 5)
    server.open.set()
    await asyncio.gather(*tasks)

    assert server.asked == [[1, 2], [3, 4], [5]]


async def test_round_trip_error_reaches_only_its_own_callers(
    server: Server,
) -> None:
    squares = Batcher(server.square, at_once=1)
    tasks = [*await begin(squares, 1), *await begin(squares, 12, 13)]
    server.open.set()

    answers = await asyncio.gather(*tasks, return_exceptions=True)

    assert answers[0] == 1
    assert [type(one) for one in answers[1:]] == [ConnectionError, ConnectionError]


async def test_a_caller_who_goes_away_leaves_the_others_their_answers(server: Server) -> None:
    tasks = await begin(Batcher(server.square, at_once=1), 1, 2, 3)
    tasks[1].cancel()
    server.open.set()

    answers = await asyncio.gather(*tasks, return_exceptions=True)

    assert (answers[0], type(answers[1]), answers[2]) == (1, asyncio.CancelledError, 9)


async def test_calls_during_a_rest_share_the_next_round_trip(
    server: Server,
) -> None:
    server.open.set()
    squares = Batcher(server.square, at_once=1, rest_for_each=0.05)
    first = await begin(squares, 1)
    await asyncio.gather(*first)

    tasks = [task for number in (2, 3, 4) for task in await begin(squares, number)]

    assert await asyncio.gather(*tasks) == [4, 9, 16]
    assert server.asked == [[1], [2, 3, 4]]


async def test_error_does_not_stop_later_calls_of_a_herd(server: Server) -> None:
    server.open.set()
    squares = for_herds(server.square)
    for number in (13, 13):
        with pytest.raises(ConnectionError):
            await squares(number)

    assert await squares(3) == 9


async def test_rest_in_a_stream_is_the_same_for_few_and_many(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.open.set()
    rests: list[float] = []
    sleep = asyncio.sleep

    async def note(seconds: float) -> None:
        await sleep(0)
        if seconds:
            rests.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", note)
    for count in (2, 50):
        await asyncio.gather(*await begin(for_streams(server.square), *range(20, 20 + count)))
        await sleep(0)
        await sleep(0)

    few, many = rests
    assert few == many < 0.01


class SlowCollection:
    """A collection that answers when it is told to, and counts the queries."""

    def __init__(self) -> None:
        self.queries: list[object] = []
        self.open = asyncio.Event()

    async def find_one(self, wanted: Document, _: object) -> Document:
        self.queries.append(wanted["_id"])
        await self.open.wait()
        return {"_id": wanted["_id"]}

    def find(self, wanted: Document, _: object, **__: object) -> "Cursor":
        self.queries.append(wanted["_id"]["$in"])
        return Cursor([{"_id": one} for one in wanted["_id"]["$in"]])


class Cursor:
    """The documents that a query found."""

    def __init__(self, documents: list[Document]) -> None:
        self._documents = documents

    async def to_list(self) -> list[Document]:
        return self._documents


async def test_reads_during_a_read_share_the_next_one() -> None:
    collection = SlowCollection()
    reads = BatchReader(cast("Collection", collection))

    tasks: list[asyncio.Task[Any]] = []
    for one in "abc":
        tasks.append(asyncio.create_task(reads.get(one)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    collection.open.set()

    assert await asyncio.gather(*tasks) == [{"_id": "a"}, {"_id": "b"}, {"_id": "c"}]
    assert collection.queries == ["a", ["b", "c"]]
