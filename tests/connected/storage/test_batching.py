"""Documents that are written and read together stay each its own."""

import asyncio

import pytest

from shared.contracts.events import AgentReady
from shared.storage.database.batching import BatchInserter, BatchReader, BatchUpdater, Update
from shared.storage.database.client import Document, UnstorableError
from tests.support.backend import Backend

pytestmark = pytest.mark.connected


async def add_together(backend: Backend, *documents: Document) -> list[bool | BaseException]:
    inserts = BatchInserter(backend.database["things"])
    return await asyncio.gather(*map(inserts.add, documents), return_exceptions=True)


async def test_inserts_with_one_key_store_one_document(backend: Backend) -> None:
    stored = await add_together(backend, *({"_id": number % 5} for number in range(50)))

    assert (stored.count(True), stored.count(False)) == (5, 45)
    assert await backend.database["things"].count_documents({}) == 5


async def test_refused_document_fails_alone(
    backend: Backend,
) -> None:
    await backend.database.create_collection("things", validator={"size": {"$lt": 10}})

    stored = await add_together(backend, *({"size": size} for size in (1, 2, 30, 4)))

    assert [type(one) for one in stored] == [bool, bool, UnstorableError, bool]
    assert await backend.database["things"].count_documents({}) == 3


@pytest.mark.parametrize(
    "unfit",
    [
        {"_id": "lone \udc80 surrogate", "text": "\udc80"},
        {"_id": "large", "text": "x" * 17_000_000},
        {"_id": "number", "number": 2**64},
        {"_id": "set", "set": {1}},
    ],
    ids=lambda document: str(document["_id"])[:6],
)
async def test_document_that_cannot_be_sent_stops_no_other(
    backend: Backend, unfit: Document
) -> None:
    stored = await add_together(backend, {"_id": 1}, {"_id": 2}, unfit, {"_id": 3})

    assert [one for one in stored if not isinstance(one, BaseException)] == [True, True, True]
    assert isinstance(stored[2], UnstorableError)


async def test_each_reader_gets_the_document_it_asked_for(backend: Backend) -> None:
    await backend.database["things"].insert_many([{"_id": f"{number}"} for number in range(10)])
    reads = BatchReader(backend.database["things"])

    found = await asyncio.gather(*(reads.get(f"{number}") for number in range(12)))

    assert [document and document["_id"] for document in found] == [
        *(f"{number}" for number in range(10)),
        None,
        None,
    ]


def renamed(number: int, name: object, *, before: str = "old") -> Update:
    wanted = {"_id": number, "name": before}
    return Update(wanted, {"$set": {"name": name}}, {"_id": number, "name": name})


async def update_together(backend: Backend, *updates: Update) -> list[bool | BaseException]:
    writes = BatchUpdater(backend.database["things"])
    return await asyncio.gather(*map(writes.apply, updates), return_exceptions=True)


async def names(backend: Backend) -> list[str]:
    found = await backend.database["things"].find(sort=[("_id", 1)]).to_list()
    return [one["name"] for one in found]


async def test_each_update_says_whether_its_own_document_was_as_wanted(backend: Backend) -> None:
    things = backend.database["things"]
    await things.insert_many([{"_id": number, "name": "old"} for number in range(12)])

    outcomes = await update_together(
        backend,
        *(
            renamed(number, f"new {number}", before="other" if number % 3 == 0 else "old")
            for number in range(12)
        ),
        renamed(99, "new"),
    )

    assert outcomes == [*(number % 3 != 0 for number in range(12)), False]
    assert await names(backend) == [
        "old" if number % 3 == 0 else f"new {number}" for number in range(12)
    ]


async def test_updates_of_one_document_succeed_once(backend: Backend) -> None:
    await backend.database["things"].insert_one({"_id": 1, "name": "old"})

    outcomes = await update_together(backend, *(renamed(1, f"new {one}") for one in range(20)))

    assert outcomes.count(True) == 1
    assert await names(backend) == [f"new {outcomes.index(True)}"]


@pytest.mark.parametrize("unfit", ["half \udc80", 2**64, {1}, "x" * 17_000_000], ids=type)
async def test_an_update_that_cannot_be_stored_stops_nobody_else(
    backend: Backend, unfit: object
) -> None:
    things = backend.database["things"]
    await things.insert_many([{"_id": number, "name": "old"} for number in range(6)])

    outcomes = await update_together(
        backend, *(renamed(number, unfit if number == 4 else "new") for number in range(6))
    )

    assert isinstance(outcomes.pop(4), UnstorableError)
    assert outcomes == [True] * 5


async def test_updates_at_the_same_time_are_few_writes(backend: Backend) -> None:
    things = backend.database["things"]
    await things.insert_many([{"_id": number, "name": "old"} for number in range(40)])

    before = await update_commands(backend)
    await update_together(backend, *(renamed(number, "new") for number in range(40)))

    assert await update_commands(backend) - before <= 3


async def test_writes_in_a_stream_that_follow_each_other_share_trips(backend: Backend) -> None:
    things = backend.database["things"]
    await things.insert_many([{"_id": number, "name": "old"} for number in range(40)])
    writes = BatchUpdater(things, in_streams=True)
    first = asyncio.create_task(writes.apply(renamed(0, "new")))

    before = await update_commands(backend)
    outcomes = await asyncio.gather(
        first, *(writes.apply(renamed(number, "new")) for number in range(1, 40))
    )

    assert outcomes == [True] * 40
    assert await update_commands(backend) - before <= 2


async def update_commands(backend: Backend) -> int:
    """Return how many commands to update the server has had."""
    status = await backend.database.command("serverStatus")
    return int(status["metrics"]["commands"]["update"]["total"])


async def majority_writes(backend: Backend) -> int:
    """Return how many writes of the server have waited for a majority."""
    status = await backend.database.command("serverStatus")
    return int(status["metrics"]["getLastError"]["wtime"]["num"])


async def test_agents_ready_at_the_same_time_are_few_writes(backend: Backend) -> None:
    names = [f"agent{number}" for number in range(40)]
    for name in names:
        await backend.add_agent(name, ready=False)

    before = await majority_writes(backend)
    await asyncio.gather(*(backend.agents.set_ready(name, ready=True) for name in names))

    assert await majority_writes(backend) - before <= 3
    assert [(await backend.newest("agents", name))["ready"] for name in names] == [True] * 40
    told = [(await backend.next_event(AgentReady)).agent_id for _ in names]
    assert sorted(told) == sorted(names)


async def test_places_changed_at_the_same_time_are_all_counted(backend: Backend) -> None:
    await backend.add_agent("agent1", capacity=20)
    await backend.agents.hold("agent1", "OLD")

    await asyncio.gather(
        *(backend.agents.hold("agent1", f"MAIL{number}") for number in range(9)),
        backend.agents.hold("agent1", "MAIL1"),
        backend.agents.release("agent1", "OLD"),
    )

    assert sorted(await backend.held_by("agent1")) == [f"MAIL{number}" for number in range(9)]
