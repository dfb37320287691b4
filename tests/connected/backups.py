"""A backup as an administrator's tool makes it: all documents of a database at one moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.storage.database.client import Database, Document


@dataclass(frozen=True)
class Backup:
    """The content of a database's collections."""

    collections: Mapping[str, Sequence[Document]]

    @classmethod
    async def of(cls, database: Database) -> "Backup":
        """Take a backup."""
        names = await database.list_collection_names()
        return cls({name: await database[name].find({}).to_list() for name in names})

    async def restore(self, database: Database) -> None:
        """Put the backup in the place of what the database holds now."""
        for name in await database.list_collection_names():
            await database[name].delete_many({})
        for name, documents in self.collections.items():
            if documents:
                await database[name].insert_many(documents)
