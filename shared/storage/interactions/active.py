"""Filters for unfinished interactions, which are few beside all that are stored."""

from collections.abc import Iterable
from typing import Final

from shared.domain.lifecycle import WORKED_ON, State
from shared.storage.database.client import Document

ACTIVE: Final = tuple(
    state for state in State if state not in (State.COMPLETED, State.SENT, State.CANCELED)
)
"""The states of unfinished interactions; the index `active` holds only these."""

IS_ACTIVE: Final[Document] = {"state": {"$in": [state.value for state in ACTIVE]}}
"""The filter of the index `active`."""

IS_WORKED_ON: Final[Document] = {"state": {"$in": [state.value for state in WORKED_ON]}}
"""The filter of the indexes `on-a-desk` and `untouched`."""

AT_HAND: Final[Document] = {
    "state": {"$in": [state.value for state in (*WORKED_ON, State.SENDING, State.IN_WORKBIN)]}
}
"""The filter of the index `words-at-hand`. Offers are not in it: their words are not shown yet, and
each offer would write as many keys as its mail has words."""


def unfinished(states: Iterable[State]) -> Document:
    """Return a filter for some of the unfinished states.

    It repeats the filter of the index `active`: MongoDB 6.0 uses a partial index only where the
    query contains the filter of the index, and does not see that a shorter `$in` implies it.
    """
    return {"$and": [{"state": {"$in": [state.value for state in states]}}, IS_ACTIVE]}
