"""Interactions that are not finished: few, however many there have ever been."""

from collections.abc import Iterable
from typing import Final

from shared.domain.lifecycle import State
from shared.storage.database.client import Document

ACTIVE: Final = tuple(
    state for state in State if state not in (State.COMPLETED, State.SENT, State.CANCELED)
)
"""The states of what is not finished: the only interactions that the index `active` holds."""

IS_ACTIVE: Final[Document] = {"state": {"$in": [state.value for state in ACTIVE]}}
"""The filter of the index `active`."""

ON_A_DESK: Final[Document] = {"state": {"$in": [State.ACCEPTED.value, State.REPLY_CREATED.value]}}
"""The filter of the index `untouched`: an agent works on it."""


def unfinished(states: Iterable[State]) -> Document:
    """Return a filter for some states of what is not finished.

    It repeats the filter of the index `active`: MongoDB 6.0 uses a partial index only where it
    finds that filter in the query, and does not see that a shorter `$in` is a part of it.
    """
    return {"$and": [{"state": {"$in": [state.value for state in states]}}, IS_ACTIVE]}
