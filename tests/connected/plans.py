"""How the database answered what it was asked: by its own profiler."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pymongo.read_concern import ReadConcern

from shared.storage.client import Database


@dataclass(frozen=True)
class Plan:
    """One query: its stages, such as `IXSCAN { owner_id: 1 }`, and what it came to."""

    summary: str
    examined: int
    returned: int


@asynccontextmanager
async def plans_of(database: Database, collection: str) -> AsyncIterator[list[Plan]]:
    """Give a list that holds every query on a collection, once the context ends."""
    plans: list[Plan] = []
    await database.command({"profile": 2})
    try:
        yield plans
    finally:
        await database.command({"profile": 0})
    profile = database["system.profile"].with_options(read_concern=ReadConcern("local"))
    asked = await profile.find(
        {"ns": f"{database.name}.{collection}", "planSummary": {"$exists": True}}
    ).to_list()
    plans.extend(
        Plan(one["planSummary"], one["docsExamined"], one.get("nreturned", 0)) for one in asked
    )
    await profile.drop()
