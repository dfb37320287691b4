"""Privileges of a database user, derived from the collections that its service uses."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared.storage.database.client import Document


class Action(StrEnum):
    """An action on the documents of a collection, by MongoDB's name."""

    FIND = "find"
    INSERT = "insert"
    UPDATE = "update"
    REMOVE = "remove"


READ: Final = frozenset({Action.FIND})
CHANGE: Final = READ | {Action.UPDATE}
ADD: Final = READ | {Action.INSERT, Action.UPDATE}
WRITE_ONLY: Final = frozenset({Action.INSERT, Action.UPDATE})
"""For a service that writes documents and never reads them."""

EVERYTHING: Final = ADD | {Action.REMOVE}

_CREATE_INDEX: Final = "createIndex"


@dataclass(frozen=True, slots=True)
class DatabaseRights:
    """The actions of a service on each collection. Collections that are not listed are denied."""

    collections: Mapping[str, frozenset[Action]]

    def may(self, action: Action, collection: str) -> bool:
        """Say whether the service has an action on a collection."""
        return action in self.collections.get(collection, frozenset())

    @property
    def indexed_collections(self) -> tuple[str, ...]:
        """The collections whose indexes the service creates: those that it may insert into."""
        return tuple(one for one in self.collections if self.may(Action.INSERT, one))

    def privileges(self, database: str) -> list[Document]:
        """Return the privileges of the service's role in MongoDB's form, sorted."""
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
