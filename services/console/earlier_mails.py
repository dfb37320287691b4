"""Adds to the mails of an earlier release what it did not store: words for the search, and a rank.

Only unfinished mails get it, because no other is searched for or waits. Each batch stands by
itself, so a run that is broken off is gone on with by the next one.
"""

import sys
from typing import Final

from shared.domain.lifecycle import State
from shared.storage.database.client import Database, Document, database_errors
from shared.storage.interactions import interaction_store
from shared.storage.interactions.active import ACTIVE, unfinished
from shared.storage.interactions.interaction_documents import COMPLETING, IS_INCOMPLETE

_AT_ONCE: Final = 500


async def complete_earlier_mails(database: Database) -> int:
    """Complete all unfinished mails of an earlier release; return how many there were.

    Prints after each batch how many are done.
    """
    done = 0
    # A mail may change its state into one that has been passed through already.
    while completed := await _pass_through(database, done):
        done += completed
    return done


async def _pass_through(database: Database, before: int) -> int:
    done = 0
    for state in ACTIVE:
        last = ""
        while ids := await _incomplete(database, state, last):
            last, wanted = ids[-1], {"_id": {"$in": ids}} | IS_INCOMPLETE
            async with database_errors():
                changed = await database[interaction_store.COLLECTION].update_many(
                    wanted, COMPLETING
                )
            done += changed.modified_count
            print(f"mails of an earlier release, completed: {before + done}", file=sys.stderr)
    return done


async def _incomplete(database: Database, state: State, after: str) -> list[str]:
    wanted: Document = unfinished((state,)) | IS_INCOMPLETE | {"_id": {"$gt": after}}
    async with database_errors():
        found = await (
            database[interaction_store.COLLECTION]
            .find(wanted, {"_id": 1})
            .sort([("state", 1), ("_id", 1)])
            .limit(_AT_ONCE)
            .to_list()
        )
    return [one["_id"] for one in found]
