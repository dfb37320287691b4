"""The agent and the agent's e-mail channel: who am I, Ready, NotReady."""

from starlette.requests import Request
from starlette.responses import Response

from services.gateway.answers import json_answer
from services.gateway.errors import RequestError, Situation
from services.gateway.operations.asked import OK
from services.gateway.operations.registry import operation_name
from services.gateway.request_body import read_object
from services.gateway.requests import Callers, wants_fields
from services.gateway.wire.channels import channels
from services.gateway.wire.users import user
from shared.storage.agents import AgentStore
from shared.storage.configuration import ConfigurationStore


class Presence:
    """The resources /me and /me/channels."""

    def __init__(
        self,
        *,
        callers: Callers,
        agents: AgentStore,
        configuration: ConfigurationStore,
        max_body: int,
    ) -> None:
        self._callers = callers
        self._agents = agents
        self._configuration = configuration
        self._max_body = max_body

    async def me(self, request: Request) -> Response:
        """GET /me."""
        agent = await self._callers.anybody(request)
        contact_center = await self._configuration.current()
        fields = user(agent, contact_center.name, self._callers.root(request))
        return json_answer({"statusCode": 0, "user": fields})

    async def my_channels(self, request: Request) -> Response:
        """GET /me/channels."""
        agent = await self._callers.agent(request)
        if not wants_fields(request):
            root = self._callers.root(request)
            return json_answer({"statusCode": 0, "uris": [f"{root}/me/channels/email"]})
        ready = await self._is_ready(agent.id)
        return json_answer({"statusCode": 0, "channels": channels(ready=ready)})

    async def my_channel(self, request: Request) -> Response:
        """GET /me/channels/email."""
        agent = await self._callers.agent(request)
        ready = await self._is_ready(agent.id)
        return json_answer({"statusCode": 0, "channel": channels(ready=ready)[0]})

    async def change_channel(self, request: Request) -> Response:
        """POST /me/channels/email: Ready, NotReady."""
        agent = await self._callers.agent(request)
        body = await read_object(request.receive, at_most=self._max_body)
        await self._set(agent.id, operation_name(body))
        return json_answer(OK)

    async def change_session(self, request: Request) -> Response:
        """POST /me: begin or end the session; Ready, NotReady for all channels."""
        agent = await self._callers.agent(request)
        body = await read_object(request.receive, at_most=self._max_body)
        match operation_name(body):
            case "StartContactCenterSession":
                # A client that starts again, after a reload, stays as ready as it was.
                ready = await self._is_ready(agent.id)
                await self._agents.set_ready(agent.id, ready=ready)
            case "EndContactCenterSession":
                await self._agents.set_ready(agent.id, ready=False, logged_in=False)
            case name:
                await self._set(agent.id, name)
        return json_answer(OK)

    async def _set(self, agent_id: str, operation: str) -> None:
        match operation:
            case "Ready" | "NotReady":
                await self._agents.set_ready(agent_id, ready=operation == "Ready")
            case _:
                message = f"there is no operation {operation[:64]!r}"
                raise RequestError(Situation.OPERATION_UNKNOWN, message)

    async def _is_ready(self, agent_id: str) -> bool:
        agent = await self._agents.get(agent_id)
        return agent is not None and agent.ready
