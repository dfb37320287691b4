"""How the database answered what it was asked: by its own profiler."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from pymongo.read_concern import ReadConcern

from shared.storage.database.client import Database, Document


@dataclass(frozen=True)
class Plan:
    """One query: its stages, such as `IXSCAN { owner_id: 1 }`, and what it came to.

    `octets` is the size of the answer.
    """

    summary: str
    examined: int
    returned: int
    octets: int = field(default=0, compare=False)


@asynccontextmanager
async def plans_of(database: Database, collection: str) -> AsyncIterator[list[Plan]]:
    """Give a list that holds every query on a collection, once the context ends."""
    plans: list[Plan] = []
    async with commands_on(database, collection) as commands:
        yield plans
    plans.extend(
        Plan(
            one["planSummary"],
            one["docsExamined"],
            one.get("nreturned", 0),
            one.get("responseLength", 0),
        )
        for one in commands
        if "planSummary" in one
    )


@asynccontextmanager
async def commands_on(database: Database, collection: str) -> AsyncIterator[list[Document]]:
    """Give a list that holds what the profiler noted of a collection, once the context ends.

    A write of many documents is one entry for each of them where they are updates.
    """
    commands: list[Document] = []
    await database.command({"profile": 2})
    try:
        yield commands
    finally:
        await database.command({"profile": 0})
    profile = database["system.profile"].with_options(read_concern=ReadConcern("local"))
    commands.extend(await profile.find({"ns": f"{database.name}.{collection}"}).to_list())
    await profile.drop()
