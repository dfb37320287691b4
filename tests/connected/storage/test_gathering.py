"""Documents that are written and read together stay each its own."""

import asyncio

import pytest

from shared.storage.client import Document
from shared.storage.gathering import Inserts, Reads, UnstorableError
from tests.connected.world import World

pytestmark = pytest.mark.connected


async def add_together(world: World, *documents: Document) -> list[bool | BaseException]:
    inserts = Inserts(world.database["things"])
    return await asyncio.gather(*map(inserts.add, documents), return_exceptions=True)


async def test_of_many_with_one_key_a_single_one_is_stored(world: World) -> None:
    stored = await add_together(world, *({"_id": number % 5} for number in range(50)))

    assert (stored.count(True), stored.count(False)) == (5, 45)
    assert await world.database["things"].count_documents({}) == 5


async def test_what_the_database_refuses_is_the_fault_of_that_document_alone(world: World) -> None:
    await world.database.create_collection("things", validator={"size": {"$lt": 10}})

    stored = await add_together(world, *({"size": size} for size in (1, 2, 30, 4)))

    assert [type(one) for one in stored] == [bool, bool, UnstorableError, bool]
    assert await world.database["things"].count_documents({}) == 3


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
async def test_what_cannot_be_sent_stops_nobody_else(world: World, unfit: Document) -> None:
    stored = await add_together(world, {"_id": 1}, {"_id": 2}, unfit, {"_id": 3})

    assert [one for one in stored if not isinstance(one, BaseException)] == [True, True, True]
    assert isinstance(stored[2], UnstorableError)


async def test_each_reader_gets_the_document_it_asked_for(world: World) -> None:
    await world.database["things"].insert_many([{"_id": f"{number}"} for number in range(10)])
    reads = Reads(world.database["things"])

    found = await asyncio.gather(*(reads.get(f"{number}") for number in range(12)))

    assert [document and document["_id"] for document in found] == [
        *(f"{number}" for number in range(10)),
        None,
        None,
    ]
