"""Lists and single interactions, as an agent may see them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from services.gateway.auth.permissions import ReadScope, ownership_of, refusal_of
from services.gateway.errors import RequestError, Situation
from services.gateway.http.answers import json_answer, not_modified
from services.gateway.http.preconditions import digest_of, entity_tag, is_known
from services.gateway.interaction_queries import InteractionQueries
from services.gateway.notifications.journal.journal_reader import JournalReader
from services.gateway.operations.parameters.workbin_ids import uuid_of
from services.gateway.operations.rules import Ownership
from services.gateway.rest.callers import Callers
from services.gateway.rest.list_parameters import Listing, cut, listed, paged, read_listing
from services.gateway.rest.query_parameters import bounded_number
from services.gateway.rest.search_words import text_search
from services.gateway.wire.delivery import delivery_fields
from services.gateway.wire.fields import Fields
from services.gateway.wire.messages import (
    for_holder,
    for_reader,
    in_workbin,
    with_sequence,
    without_text,
)
from services.gateway.wire.states import STATES, capabilities
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import Direction
from shared.storage.agents.agent_store import StoredAgent
from shared.storage.interactions.interaction_store import InteractionStore
from shared.storage.mails.delivery_store import DeliveryStore
from shared.storage.mails.report_store import ReportStore

FILTERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "state": "state",
        "currentQueue": "queue",
        "interactionSubType": "subtype",
        "parentInteractionId": "parent_id",
        "threadId": "thread_id",
    }
)
"""Fields of a message that filter the list of all interactions, with their stored names."""

_MAIL: Final = "email_object"
"""The field of a message that has the text of a mail."""

_HOLDS: Final = frozenset({Ownership.INVITED, Ownership.OWNER, Ownership.READER})
_FOUND: Final = frozenset({Ownership.OWNER, Ownership.READER})
"""Between the search and the reading an interaction may have been handed on."""


class InteractionsResource:
    """The resources /me/interactions and /interactions, for reading."""

    def __init__(  # noqa: PLR0913 - what it works with, by name
        self,
        *,
        callers: Callers,
        queries: InteractionQueries,
        journal_reader: JournalReader,
        interactions: InteractionStore,
        deliveries: DeliveryStore,
        reports: ReportStore,
        shows_foreign_mail: bool,
        admins_read_interactions: bool,
        max_listed: int,
    ) -> None:
        self._callers = callers
        self._queries = queries
        self._journal_reader = journal_reader
        self._interactions = interactions
        self._deliveries = deliveries
        self._reports = reports
        self._shows_foreign_mail = shows_foreign_mail
        self._admins_read_interactions = admins_read_interactions
        self._max_listed = max_listed

    async def mine(self, request: Request) -> Response:
        """GET /me/interactions: those that are offered to the agent or held by them.

        A list of objects also has the `position` to subscribe with: every change before it is in
        the list.
        """
        agent = await self._callers.agent(request)
        listing = read_listing(request, at_most=self._max_listed)
        whole = listing.names is not None
        # Read before the list: a change in between is then in both rather than in neither.
        place = {"position": await self._journal_reader.newest(agent.id)} if whole else {}
        root = self._callers.root(request)
        with_text = whole and (not listing.names or _MAIL in listing.names)
        if listing.filters:
            held = await self._queries.held_by(agent.id, with_text=with_text)
            objects = [self._listed(one, agent, root) for one in held]
            body = listed("interactions", objects, listing)
        elif whole:
            page = await self._queries.page_of_held(
                agent.id, listing.offset, listing.limit, with_text=with_text
            )
            objects = [self._listed(one, agent, root) for one in page]
            body = paged("interactions", objects, listing, await self._count(agent, listing))
        else:
            ids = await self._queries.ids_of_held(agent.id, listing.offset, listing.limit)
            objects = [_uri_of(one, root) for one in ids]
            body = paged("interactions", objects, listing, await self._count(agent, listing))
        return json_answer({**_without_uri(body), **place})

    async def _count(self, agent: StoredAgent, listing: Listing) -> int:
        return await self._queries.count_held(agent.id) if listing.counted else 0

    async def found(self, request: Request) -> Response:
        """GET /me/interactions/search: what the agent has at hand and has all words of `q`.

        That is what they work on, and what they may take out of a workbin (`workbinId`). An
        offered mail shows its words only once it is accepted.
        """
        agent = await self._callers.agent(request)
        limit = bounded_number(request, "limit", at_most=self._max_listed)
        search = text_search(request.query_params.get("q", ""))
        several = await self._queries.found_by_words(agent.id, agent.queues, search)
        mine = [one for one in several if ownership_of(one, agent) in _FOUND]
        body: Fields = {"statusCode": 0, "interactions": [_found(one) for one in mine[:limit]]}
        if len(mine) > limit:
            body["hasMore"] = True
        return json_answer(body)

    async def all(self, request: Request) -> Response:
        """GET /interactions: all that are not finished, a page at a time.

        `limit` and `after` (the last id of the page before) choose the page; `hasMore` says that
        another one follows. Filters are those of `FILTERS`.
        """
        agent = await self._callers.agent_or_admin(request)
        listing = read_listing(request, at_most=self._max_listed)
        filters = stored_filters(listing.filters)
        snapshots = await self._queries.active(
            filters,
            after=request.query_params.get("after", ""),
            offset=listing.offset,
            limit=listing.limit + 1,
        )
        page = snapshots[: listing.limit]
        body: Fields = {"statusCode": 0}
        if listing.names is None:
            root = self._callers.root(request)
            body["uris"] = [_uri_of(one.id, root)["uri"] for one in page]
        else:
            seen = (self._message_for(one, agent, listed=True) for one in page)
            body["interactions"] = [cut(one, listing.names) for one in seen]
        if len(snapshots) > listing.limit:
            body["hasMore"] = True
        if listing.counted:
            body["totalCount"] = await self._queries.count_active(filters)
        return json_answer(body)

    async def one(self, request: Request) -> Response:
        """GET /interactions/{id}: for agents (seed 002), and by a setting for administrators."""
        callers = self._callers
        find_caller = callers.agent_or_admin if self._admins_read_interactions else callers.agent
        agent = await find_caller(request)
        interaction = await self._interactions.get(request.path_params["id"])
        return await self._one(request, interaction, agent)

    async def one_of_mine(self, request: Request) -> Response:
        """GET /me/interactions/{id}: one that is offered to the agent or held by them."""
        agent = await self._callers.agent(request)
        interaction = await self._interactions.get(request.path_params["id"])
        if situation := refusal_of(ReadScope.MINE, agent, interaction):
            raise RequestError(situation, "this interaction is another agent's")
        return await self._one(request, interaction, agent)

    async def _one(
        self, request: Request, interaction: Interaction, agent: StoredAgent
    ) -> Response:
        delivery_part = await self._delivery(interaction, agent, self._callers.root(request))
        may_work = ownership_of(interaction, agent) in _HOLDS and bool(capabilities(interaction))
        tag = entity_tag(
            interaction, "" if may_work else self._view(interaction, agent, delivery_part)
        )
        is_unchanged = is_known(request.headers.getlist("if-none-match"), tag)
        # The delivery changes without a new version of the interaction.
        if is_unchanged and not (may_work and delivery_part):
            return not_modified(tag)
        body = {
            "statusCode": 0,
            "interaction": self._message_for(interaction, agent) | delivery_part,
        }
        return json_answer(body, headers={"ETag": tag})

    def _view(self, interaction: Interaction, agent: StoredAgent, delivery_part: Fields) -> str:
        if ownership_of(interaction, agent) in _HOLDS:
            view = "held"
        else:
            view = "whole" if self._may_read(interaction, agent) else "outline"
        return f"{view}-{digest_of(delivery_part)}" if delivery_part else view

    def _may_read(self, interaction: Interaction, agent: StoredAgent) -> bool:
        shows_all = self._shows_foreign_mail
        return refusal_of(ReadScope.WHOLE, agent, interaction, shows_all=shows_all) is None

    async def _delivery(self, interaction: Interaction, agent: StoredAgent, root: str) -> Fields:
        """Return the delivery of a sent mail, for readers who may see its blind copies."""
        shows_all = self._shows_foreign_mail
        if interaction.direction is Direction.INBOUND:
            return {}
        if refusal_of(ReadScope.HISTORY, agent, interaction, shows_all=shows_all) is not None:
            return {}
        delivery = await self._deliveries.get(interaction.id)
        if delivery is None:
            return {}
        return {"delivery": delivery_fields(delivery, await self._reports.on(delivery.id), root)}

    def _listed(self, interaction: Interaction, agent: StoredAgent, root: str) -> Fields:
        return self._message_for(interaction, agent, listed=True) | _uri_of(interaction.id, root)

    def _message_for(
        self, interaction: Interaction, agent: StoredAgent, *, listed: bool = False
    ) -> Fields:
        may_read = self._may_read(interaction, agent)
        match ownership_of(interaction, agent):
            case Ownership.READER if listed:
                message = in_workbin(interaction)
            case ownership if ownership in _HOLDS:
                message = for_holder(interaction, longest=None)
            case _ if may_read and not listed:
                message = for_reader(interaction, longest=None)
            case _:
                message = without_text(interaction, with_user_data=may_read)
        return with_sequence(message, interaction.version)


def _found(interaction: Interaction) -> Fields:
    place = interaction.place
    kept_in = {"workbinId": uuid_of(place)} if place else {}
    return with_sequence(
        without_text(interaction, with_user_data=True) | kept_in, interaction.version
    )


def stored_filters(filters: Mapping[str, str]) -> dict[str, object]:
    """Return filters by stored names and values.

    Raises:
        RequestError: A field cannot be filtered by, or there is no such state.
    """
    found: dict[str, object] = {}
    for name, value in filters.items():
        if name not in FILTERS:
            known = ", ".join(FILTERS)
            message = f"{name[:64]} is no attribute to filter by; these are: {known}"
            raise RequestError(Situation.VALUE_REFUSED, message)
        found[FILTERS[name]] = _stored_state(value) if name == "state" else value
    return found


def _stored_state(name: str) -> str:
    for state, shown in STATES.items():
        if shown == name:
            return state.value
    raise RequestError(Situation.VALUE_REFUSED, f"there is no state {name[:64]!r}")


def _uri_of(interaction_id: str, root: str) -> Fields:
    return {"uri": f"{root}/interactions/{interaction_id}"}


def _without_uri(body: Fields) -> Fields:
    """Return a list without the `uri` of its interactions: messages have none."""
    several = body.get("interactions")
    if isinstance(several, list):
        body["interactions"] = [
            {name: value for name, value in one.items() if name != "uri"} for one in several
        ]
    return body
