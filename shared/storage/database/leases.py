"""Leases: one pod at a time does a piece of work, by the database's clock."""

from datetime import timedelta
from typing import Any, Final

from pymongo import ReturnDocument

from shared.storage.database.client import HINT, Database, Document, database_errors

COLLECTION: Final = "leases"
_NOW: Final = "$$NOW"


class LeaseStore:
    """Leases by name. All times are the database's, so the clocks of pods may differ.

    A lease is a hint, written with `w: 1`. If it is lost, two pods work at once, so their writes
    must be safe without it.
    """

    def __init__(self, database: Database, holder: str) -> None:
        self._collection = database[COLLECTION].with_options(write_concern=HINT)
        self._holder = holder

    async def acquire(self, name: str, lasts: timedelta) -> bool:
        """Take or renew a lease; return whether this pod has it.

        If another pod has it, the request is recorded, and that pod's `release` returns True.
        """
        is_free = {"$lte": [{"$ifNull": ["$until", _NOW]}, _NOW]}
        is_ours = {"$eq": ["$holder", self._holder]}
        may_take = {"$or": [is_free, is_ours]}
        taken = {
            "holder": _if(may_take, self._holder, "$holder"),
            "until": _if(may_take, _later(lasts), "$until"),
            # Renewing keeps a recorded request; taking a free lease fulfils it.
            "wanted": {"$and": [{"$not": [is_free]}, {"$or": [{"$not": [is_ours]}, "$wanted"]}]},
        }
        async with database_errors():
            lease = await self._collection.find_one_and_update(
                {"_id": name}, [{"$set": taken}], upsert=True, return_document=ReturnDocument.AFTER
            )
        return lease is not None and lease["holder"] == self._holder

    async def release(self, name: str, lasts: timedelta) -> bool:
        """Release a lease, unless another pod asked for the work meanwhile.

        Return True if the work must be done once more; the lease is then extended by `lasts`.
        """
        given_back = {
            "until": _if("$wanted", _later(lasts), _NOW),
            "wanted": False,
        }
        async with database_errors():
            before = await self._collection.find_one_and_update(
                {"_id": name, "holder": self._holder}, [{"$set": given_back}]
            )
        return bool(before and before["wanted"])


def _if(condition: Any, then: Any, otherwise: Any) -> Document:
    return {"$cond": [condition, then, otherwise]}


def _later(lasts: timedelta) -> Document:
    return {"$add": [_NOW, int(lasts.total_seconds() * 1000)]}
