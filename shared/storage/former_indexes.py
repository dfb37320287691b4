"""The indexes of earlier builds that no query uses any more: each costs every write.

`mailroom apply` drops them, once those that replaced them are there. A pod of an earlier build that
starts afterwards makes its own again; the next apply drops them. Until such pods are gone, most of
their queries go by the indexes that replaced theirs, which begin with the same keys.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pymongo.errors import OperationFailure

from shared.storage.agents import agent_store
from shared.storage.database.client import Database, database_errors
from shared.storage.interactions import interaction_store
from shared.storage.mails import delivery_store, report_store

FORMER_INDEXES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        interaction_store.COLLECTION: (
            "active-in-thread",
            "answers",
            "invited",
            "of-arrival",
            "owned",
            "threading",
            "waiting",
            "waiting-by-needs",
            "waiting-for-skill",
        ),
        agent_store.COLLECTION: ("dismissed", "logged-out", "longest-idle"),
        delivery_store.COLLECTION: ("due", "in-doubt", "sent-to"),
        report_store.COLLECTION: ("on-delivery",),
    }
)
_INDEX_NOT_FOUND: Final = 27


async def drop_former_indexes(database: Database) -> list[str]:
    """Drop the indexes of earlier builds; return those that were there, as `collection.name`."""
    dropped: list[str] = []
    async with database_errors():
        for collection, names in FORMER_INDEXES.items():
            present = await database[collection].index_information()
            for name in names:
                if name in present:
                    await _drop(database, collection, name)
                    dropped.append(f"{collection}.{name}")
    return dropped


async def _drop(database: Database, collection: str, name: str) -> None:
    try:
        await database[collection].drop_index(name)
    except OperationFailure as error:
        # Another apply was faster.
        if error.code != _INDEX_NOT_FOUND:
            raise
