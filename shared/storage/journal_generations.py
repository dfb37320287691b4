"""Generations of positions: after a restore, no position is given that a client may have seen."""

from typing import Final

from shared.domain.clock import Clock
from shared.domain.journal_positions import floor_after
from shared.storage.database.client import Collection, Database, database_errors

NEWEST: Final = "journal_newest"
"""Each agent's newest position. It outlives the entries, so that it is never given again."""

_FLOOR: Final = "floor"
"""The id of the floor in the same collection: positions up to it are of earlier generations."""


class JournalGenerations:
    """The floor above which all positions are of the present generation."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._newest = database[NEWEST]
        self._clock = clock

    async def floor(self) -> int:
        """Return the floor, 0 if no restore was ever announced."""
        async with database_errors():
            return await read_floor(self._newest)

    async def begin_generation(self, *, after: int = 0) -> int:
        """Begin a generation above the present one and above `after`; return its floor."""
        async with database_errors():
            floor = max(after, await read_floor(self._newest))
            above = floor_after(floor, self._clock.now())
            await self._newest.update_one(
                {"_id": _FLOOR}, {"$max": {"position": above}}, upsert=True
            )
        return above


async def read_floor(newest: Collection) -> int:
    """Return the floor that the collection of newest positions holds."""
    document = await newest.find_one({"_id": _FLOOR})
    return int(document["position"]) if document else 0
