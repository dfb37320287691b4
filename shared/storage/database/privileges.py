"""What a user of the database needs, worked out from the collections that a service uses."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared.storage.database.client import Document


class Action(StrEnum):
    """What may be done with the documents of a collection, as MongoDB names it."""

    FIND = "find"
    INSERT = "insert"
    UPDATE = "update"
    REMOVE = "remove"


READ: Final = frozenset({Action.FIND})
CHANGE: Final = READ | {Action.UPDATE}
ADD: Final = READ | {Action.INSERT, Action.UPDATE}
WRITE_ONLY: Final = frozenset({Action.INSERT, Action.UPDATE})
"""For whoever puts something down and never looks at it again."""

EVERYTHING: Final = ADD | {Action.REMOVE}

_CREATE_INDEX: Final = "createIndex"


@dataclass(frozen=True, slots=True)
class DatabaseRights:
    """What a service does with each collection; of those it does not name it knows nothing."""

    collections: Mapping[str, frozenset[Action]]

    def may(self, action: Action, collection: str) -> bool:
        """Say whether the service does this with a collection."""
        return action in self.collections.get(collection, frozenset())

    @property
    def indexed_collections(self) -> tuple[str, ...]:
        """The collections whose indexes it makes: those that its first document may bring about."""
        return tuple(one for one in self.collections if self.may(Action.INSERT, one))

    def privileges(self, database: str) -> list[Document]:
        """Return what MongoDB calls the privileges of the service's role, sorted."""
        return [
            {
                "resource": {"db": database, "collection": collection},
                "actions": sorted(self._actions(collection)),
            }
            for collection in sorted(self.collections)
        ]

    def _actions(self, collection: str) -> Iterator[str]:
        yield from (str(action) for action in self.collections[collection])
        if self.may(Action.INSERT, collection):
            yield _CREATE_INDEX
