"""Queries for lists of interactions, as the gateway shows them."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from shared.domain.errors import UnknownInteractionError
from shared.domain.interaction import Interaction, Place
from shared.domain.lifecycle import WORKED_ON, State
from shared.storage.database.client import Database, Document, database_errors
from shared.storage.interactions import interaction_store
from shared.storage.interactions.active import AT_HAND, IS_ACTIVE, unfinished
from shared.storage.interactions.interaction_documents import WITHOUT_TEXT, to_interaction

_OWNED_STATES: Final = (*WORKED_ON, State.SENDING)
"""A mail that is being sent belongs to its author, who may take it back while it waits."""

_OLDEST_FIRST: Final = (("received_at", 1), ("_id", 1))
# Nobody reads further. An agent with more finds adds a word.
_MOST_FOUND: Final = 200
_TRIES: Final = 3
"""How often a page is filled up. Between two reads of a desk seldom one mail leaves it."""
# The agent who searches looks at an empty list meanwhile.
_LONGEST_SEARCH_MS: Final = 2_000


class InteractionQueries:
    """Finds interactions by holder, workbin or state.

    Every method raises `Unavailable` where the database does not answer.
    """

    def __init__(self, database: Database) -> None:
        self._collection = database[interaction_store.COLLECTION]

    async def held_by(self, agent_id: str, *, with_text: bool = False) -> list[Interaction]:
        """Return the interactions that an agent is offered, works on or sends, oldest first."""
        return await self._find(_held_by(agent_id), with_text=with_text)

    async def count_held(self, agent_id: str) -> int:
        """Return the number of what `held_by` returns, from indexes alone."""
        async with database_errors():
            counts = [
                await self._collection.count_documents(one)
                for one in (_offered_to(agent_id), _owned_by(agent_id))
            ]
        return sum(counts)

    async def ids_of_held(self, agent_id: str, offset: int, limit: int) -> list[str]:
        """Return a page of the ids of what `held_by` returns.

        Indexes have them in that order: no mail is read, and no id behind the page.
        """
        async with database_errors():
            found = await (
                self._collection.find(_held_by(agent_id), {"_id": 1})
                .sort(_OLDEST_FIRST)
                .skip(offset)
                .limit(limit)
                .to_list()
            )
        return [one["_id"] for one in found]

    async def page_of_held(
        self, agent_id: str, offset: int, limit: int, *, with_text: bool = False
    ) -> list[Interaction]:
        """Return a page of what `held_by` returns. Other mails are not read.

        In place of interactions that the agent loses meanwhile the next ones fill the page.
        """
        if not offset:
            return await self._find(_held_by(agent_id), with_text=with_text, at_most=limit)
        # The ids come first: a query for mails would read those that it skips.
        page: list[Interaction] = []
        for _ in range(_TRIES):
            wanted = limit - len(page)
            ids = await self.ids_of_held(agent_id, offset + len(page), wanted)
            found = await self._find(
                {"_id": {"$in": ids}} | _held_by(agent_id), with_text=with_text, hint="_id_"
            )
            page += found
            if len(found) == len(ids):
                break
        return page

    async def offered_to(self, agent_id: str) -> list[Interaction]:
        """Return the open invitations of an agent, oldest first."""
        return await self._find(_offered_to(agent_id), with_text=False)

    async def in_workbin(self, place: Place) -> list[Interaction]:
        """Return the interactions in a workbin, oldest first, without their texts."""
        return await self._find(
            {
                "place.owner": place.owner,
                "place.workbin": place.workbin,
                "place.of_group": place.of_group,
                "state": State.IN_WORKBIN.value,
            },
            with_text=False,
        )

    async def found_by_words(
        self, agent_id: str, queues: Collection[str], search: str
    ) -> list[Interaction]:
        """Return what an agent works on, or may take out of a workbin, and a text search finds.

        The newest is first, texts are not read. In each place the first 200 finds count.
        """
        found = await self._found_in({"owner_id": agent_id, "place.owner": None}, search)
        for owner in (agent_id, *queues):
            found += await self._found_in({"owner_id": None, "place.owner": owner}, search)
        snapshots = [to_interaction(document) for document in found]
        return sorted(snapshots, key=lambda one: (one.received_at, one.id), reverse=True)

    async def _found_in(self, place: Document, search: str) -> list[Document]:
        async with database_errors():
            return (
                await self._collection.find(
                    place | AT_HAND | {"$text": {"$search": search}}, WITHOUT_TEXT
                )
                .limit(_MOST_FOUND)
                .max_time_ms(_LONGEST_SEARCH_MS)
                .to_list()
            )

    async def active(
        self, filters: Document, *, after: str, offset: int, limit: int
    ) -> list[Interaction]:
        """Return a page of the interactions that are not finished, by id, without their texts.

        `filters` are exact values of stored fields. With `after`, the last id of the page before,
        every page costs the same; `offset` reads all that it skips.
        """
        wanted = _active(filters)
        if after:
            wanted["_id"] = {"$gt": after}
        async with database_errors():
            found = (
                await self._collection.find(wanted, WITHOUT_TEXT)
                .sort("_id")
                .skip(offset)
                .limit(limit)
                .to_list()
            )
        return [to_interaction(document) for document in found]

    async def count_active(self, filters: Document) -> int:
        """Return the number of interactions that are not finished; `filters` as for `active`."""
        async with database_errors():
            return await self._collection.count_documents(_active(filters))

    async def get_with_change_time(
        self, interaction_id: str
    ) -> tuple[Interaction, datetime | None]:
        """Return an interaction and the time of its last change; None where that is not stored.

        Raises:
            UnknownInteractionError: No interaction has this id.
        """
        async with database_errors():
            document = await self._collection.find_one({"_id": interaction_id})
        if document is None:
            raise UnknownInteractionError(interaction_id)
        return to_interaction(document), document.get("changed_at")

    async def possibly_related(self, agent_id: str, other: Interaction) -> list[Interaction]:
        """Return the interactions held by an agent that may entitle the agent to read another mail.

        They open the branch of the thread in which that mail is, or their headers name its
        Message-ID. The oldest is first; texts are not read.
        """
        relations: list[Document] = []
        if other.branch:
            relations += [{"branches": other.branch}, {"_id": other.branch}]
        if named := other.mail.message_id:
            relations += [{"mail.in_reply_to": named}, {"mail.references": named}]
        if not relations:
            return []
        held = [_offered_to(agent_id), _owned_by(agent_id)]
        return await self._find(
            {"$or": [one | {"$or": relations} for one in held]}, with_text=False
        )

    async def _find(
        self,
        wanted: Document,
        *,
        with_text: bool,
        hint: str | None = None,
        at_most: int | None = None,
    ) -> list[Interaction]:
        """Return what fits, oldest first; `hint` names the index where the database may err.

        Only with `at_most` the database sorts: then an index has to have that order.
        """
        projection = None if with_text else WITHOUT_TEXT
        async with database_errors():
            cursor = self._collection.find(wanted, projection, hint=hint)
            if at_most is not None:
                cursor = cursor.sort(_OLDEST_FIRST).limit(at_most)
            found = await cursor.to_list()
        snapshots = [to_interaction(document) for document in found]
        return sorted(snapshots, key=lambda one: (one.received_at, one.id))


def _active(filters: Document) -> Document:
    """Return the filter for interactions that are not finished and have some values."""
    others = {name: value for name, value in filters.items() if name != "state"}
    return (unfinished([State(filters["state"])]) if "state" in filters else IS_ACTIVE) | others


def _held_by(agent_id: str) -> Document:
    return {"$or": [_offered_to(agent_id), _owned_by(agent_id)]}


def _offered_to(agent_id: str) -> Document:
    return {"invitation.agent_id": agent_id, "state": State.INVITED.value}


def _owned_by(agent_id: str) -> Document:
    return {"owner_id": agent_id, "state": {"$in": [state.value for state in _OWNED_STATES]}}
