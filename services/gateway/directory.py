"""Who and what there is in the contact center: users, queues, skills, contacts."""

from starlette.requests import Request
from starlette.responses import Response

from services.gateway.answers import json_answer
from services.gateway.errors import RequestError, Situation
from services.gateway.listing import listed, read_listing
from services.gateway.requests import Callers
from services.gateway.wire.directory import contacts, queue, skills
from services.gateway.wire.mail import Fields
from services.gateway.wire.users import user
from shared.storage.agents import AgentStore
from shared.storage.configuration import ConfigurationStore


class Directory:
    """Resources that everybody who is logged in may read."""

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
        root = await self._admit(request)
        center = await self._configuration.current()
        everyone = await self._agents.everyone()
        return self._answer(request, "users", [user(one, center.name, root) for one in everyone])

    async def one_user(self, request: Request) -> Response:
        """GET /users/{id}."""
        root = await self._admit(request)
        agent = await self._agents.get(request.path_params["id"])
        if agent is None:
            raise RequestError(Situation.NOT_FOUND, "there is no such user")
        center = await self._configuration.current()
        return json_answer({"statusCode": 0, "user": user(agent, center.name, root)})

    async def queues(self, request: Request) -> Response:
        """GET /queues."""
        root = await self._admit(request)
        center = await self._configuration.current()
        return self._answer(request, "queues", [queue(one, root) for one in center.queues])

    async def one_queue(self, request: Request) -> Response:
        """GET /queues/{id}."""
        root = await self._admit(request)
        found = (await self._configuration.current()).queue(request.path_params["id"])
        if found is None:
            raise RequestError(Situation.NOT_FOUND, "there is no such queue")
        return json_answer({"statusCode": 0, "queue": queue(found, root)})

    async def skills(self, request: Request) -> Response:
        """GET /skills."""
        root = await self._admit(request)
        center = await self._configuration.current()
        return self._answer(request, "skills", skills(await self._agents.everyone(), center, root))

    async def one_skill(self, request: Request) -> Response:
        """GET /skills/{id}."""
        root = await self._admit(request)
        center = await self._configuration.current()
        known = skills(await self._agents.everyone(), center, root)
        found = next((one for one in known if one["id"] == request.path_params["id"]), None)
        if found is None:
            raise RequestError(Situation.NOT_FOUND, "there is no such skill")
        return json_answer({"statusCode": 0, "skill": found})

    async def contacts(self, request: Request) -> Response:
        """GET /contacts: the directory of whom to transfer to, not the customers."""
        root = await self._admit(request)
        center = await self._configuration.current()
        everyone = await self._agents.everyone()
        return self._answer(request, "contacts", contacts(everyone, center, root))

    async def _admit(self, request: Request) -> str:
        await self._callers.agent_or_admin(request)
        return self._callers.root(request)

    def _answer(self, request: Request, name: str, objects: list[Fields]) -> Response:
        listing = read_listing(request, at_most=self._max_listed)
        return json_answer(listed(name, objects, listing))
