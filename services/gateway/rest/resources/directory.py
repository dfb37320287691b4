"""The directory of the contact center: users, queues, skills and contacts."""

from starlette.requests import Request
from starlette.responses import Response

from services.gateway.errors import RequestError, Situation
from services.gateway.http.answers import json_answer
from services.gateway.rest.callers import Callers
from services.gateway.rest.list_parameters import Listing, listed, matches, paged, read_listing
from services.gateway.wire.directory import (
    CONTACT_USER,
    contact_queue,
    contact_user,
    queue,
    skill,
)
from services.gateway.wire.fields import Fields
from services.gateway.wire.users import stored_filter, user
from shared.storage.agents.agent_store import AgentStore, StoredAgent
from shared.storage.configuration_store import ConfigurationStore


class DirectoryResource:
    """The directory, readable for agents and administrators."""

    def __init__(
        self,
        *,
        callers: Callers,
        agents: AgentStore,
        configuration: ConfigurationStore,
        max_listed: int,
    ) -> None:
        self._callers = callers
        self._agents = agents
        self._configuration = configuration
        self._max_listed = max_listed

    async def users(self, request: Request) -> Response:
        """GET /users."""
        root = await self._authorize(request)
        center = await self._configuration.current()
        listing = read_listing(request, at_most=self._max_listed)
        wanted = stored_filter(listing.filters, center.name, root)
        found, total = await self._agents_on(listing, wanted)
        return json_answer(
            paged("users", (user(one, center.name, root) for one in found), listing, total)
        )

    async def one_user(self, request: Request) -> Response:
        """GET /users/{id}."""
        root = await self._authorize(request)
        agent = await self._agents.get(request.path_params["id"])
        if agent is None:
            raise RequestError(Situation.NOT_FOUND, "there is no such user")
        center = await self._configuration.current()
        return json_answer({"statusCode": 0, "user": user(agent, center.name, root)})

    async def queues(self, request: Request) -> Response:
        """GET /queues."""
        root = await self._authorize(request)
        center = await self._configuration.current()
        return self._answer(request, "queues", [queue(one, root) for one in center.queues])

    async def one_queue(self, request: Request) -> Response:
        """GET /queues/{id}."""
        root = await self._authorize(request)
        found = (await self._configuration.current()).queue(request.path_params["id"])
        if found is None:
            raise RequestError(Situation.NOT_FOUND, "there is no such queue")
        return json_answer({"statusCode": 0, "queue": queue(found, root)})

    async def skills(self, request: Request) -> Response:
        """GET /skills."""
        root = await self._authorize(request)
        names = await self._skill_names()
        return self._answer(request, "skills", [skill(name, root) for name in names])

    async def one_skill(self, request: Request) -> Response:
        """GET /skills/{id}."""
        root = await self._authorize(request)
        name = request.path_params["id"]
        if name not in await self._skill_names():
            raise RequestError(Situation.NOT_FOUND, "there is no such skill")
        return json_answer({"statusCode": 0, "skill": skill(name, root)})

    async def contacts(self, request: Request) -> Response:
        """GET /contacts: targets for Transfer, not the customers.

        These are the enabled agents by user name, followed by the queues.
        """
        root = await self._authorize(request)
        center = await self._configuration.current()
        listing = read_listing(request, at_most=self._max_listed)
        filters = dict(listing.filters)
        is_user = filters.pop("contactType", CONTACT_USER) == CONTACT_USER
        wanted = stored_filter(filters, center.name, root) if is_user else None
        agents, count = await self._agents_on(
            listing, None if wanted is None else {"$and": [{"enabled": True}, wanted]}
        )
        page = [contact_user(one, center, root) for one in agents]
        queues = [contact_queue(one, root) for one in center.queues]
        queues = [one for one in queues if matches(one, listing.filters)]
        first = max(0, listing.offset - count)
        page += queues[first : first + listing.limit - len(page)]
        return json_answer(paged("contacts", page, listing, count + len(queues)))

    async def _agents_on(
        self, listing: Listing, wanted: dict[str, object] | None
    ) -> tuple[list[StoredAgent], int]:
        """Return the agents on a page, and the number of agents on all pages."""
        if wanted is None:
            return [], 0
        found = await self._agents.page(wanted, offset=listing.offset, limit=listing.limit)
        is_last = bool(found or not listing.offset) and len(found) < listing.limit
        total = listing.offset + len(found) if is_last else await self._agents.count(wanted)
        return found, total

    async def _skill_names(self) -> list[str]:
        """Return the names of all skills that an agent has or a queue requires, sorted."""
        center = await self._configuration.current()
        required = {name for one in center.queues for name in one.requires}
        return sorted(required.union(await self._agents.skill_names()))

    async def _authorize(self, request: Request) -> str:
        await self._callers.agent_or_admin(request)
        return self._callers.root(request)

    def _answer(self, request: Request, name: str, objects: list[Fields]) -> Response:
        listing = read_listing(request, at_most=self._max_listed)
        return json_answer(listed(name, objects, listing))
