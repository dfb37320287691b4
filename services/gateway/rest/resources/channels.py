"""The agent's own resource, sessions and channels, and the states of agents."""

from starlette.requests import Request
from starlette.responses import Response

from services.gateway.errors import RequestError, Situation, not_found, refused
from services.gateway.http.answers import json_answer
from services.gateway.http.json_body import Body, read_object
from services.gateway.operations.registry import operation_name
from services.gateway.operations.request import OK
from services.gateway.operations.senders import senders_of
from services.gateway.rest.callers import Callers
from services.gateway.rest.query_parameters import wants_fields
from services.gateway.wire.channels import CHANNEL, READY, agent_states, channels, state_of
from services.gateway.wire.fields import Fields
from services.gateway.wire.users import user
from shared.storage.agents.agent_store import AgentStore, StoredAgent
from shared.storage.configuration_store import ConfigurationStore


class ChannelsResource:
    """The resources /me, /me/sessions, /me/senders, /me/channels and /settings/agent-states."""

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
        """GET /me: the agent who is logged in."""
        agent = await self._callers.anybody(request)
        contact_center = await self._configuration.current()
        fields = user(agent, contact_center.name, self._callers.root(request))
        return json_answer({"statusCode": 0, "user": fields})

    async def states(self, request: Request) -> Response:
        """GET /settings/agent-states: the states that an agent may choose."""
        await self._callers.anybody(request)
        states = agent_states(await self._configuration.current())
        fields = [{**one.fields, "operationName": one.name} for one in states]
        return json_answer({"statusCode": 0, "agentStates": fields, "settings": fields})

    async def senders(self, request: Request) -> Response:
        """GET /me/senders: the addresses that the agent may write from."""
        await self._callers.agent(request)
        found = senders_of(await self._configuration.current())
        fields = [{"address": one.address, "personal": one.personal} for one in found]
        return json_answer({"statusCode": 0, "senders": fields})

    async def my_channels(self, request: Request) -> Response:
        """GET /me/channels: addresses, or channels with their states."""
        agent = await self._callers.agent(request)
        if not wants_fields(request):
            root = self._callers.root(request)
            return json_answer({"statusCode": 0, "uris": [f"{root}/me/channels/{CHANNEL}"]})
        return json_answer({"statusCode": 0, "channels": await self._channels(agent.id)})

    async def my_channel(self, request: Request) -> Response:
        """GET /me/channels/{channel}: a channel and its state."""
        agent = await self._callers.agent(request)
        _require_channel(request)
        return json_answer({"statusCode": 0, "channel": (await self._channels(agent.id))[0]})

    async def change_channel(self, request: Request) -> Response:
        """POST /me/channels/{channel}: Ready, NotReady, or a reason for being NotReady."""
        agent = await self._callers.agent(request)
        _require_channel(request)
        body = await read_object(request.receive, at_most=self._max_body)
        await self._set_state(agent, operation_name(body))
        return json_answer(OK)

    async def change_session(self, request: Request) -> Response:
        """POST /me: begin or end the session, or set the state on all channels."""
        agent = await self._callers.agent(request)
        body = await read_object(request.receive, at_most=self._max_body)
        match operation_name(body):
            case "StartContactCenterSession":
                return json_answer(await self._log_in(agent.id, body))
            case "EndContactCenterSession":
                await self._agents.set_ready(agent.id, ready=False, logged_in=False)
                return json_answer(OK, headers=await self._callers.log_out(request))
            case name:
                await self._set_state(agent, name)
        return json_answer(OK)

    async def end_sessions(self, request: Request) -> Response:
        """DELETE /me/sessions: end all sessions of the caller."""
        return json_answer(OK, headers=await self._callers.log_out_everywhere(request))

    async def _log_in(self, agent_id: str, body: Body) -> Fields:
        wanted = _wanted_channels(body)
        if CHANNEL not in wanted:
            raise not_found(f"the only channel here is {CHANNEL}")
        # A client that starts again, after a reload, keeps its state.
        agent = await self._agents.get(agent_id)
        if agent is not None:
            await self._agents.set_ready(
                agent_id, ready=agent.ready, reason=agent.reason, queues=agent.queues
            )
        if wanted == [CHANNEL]:
            return dict(OK)
        results = [{"channel": one, "statusCode": 0 if one == CHANNEL else 6} for one in wanted]
        message = f"some channels are not offered here, only {CHANNEL} is"
        return {"statusCode": 7, "statusMessage": message, "status": "ok", "channels": results}

    async def _set_state(self, agent: StoredAgent, operation: str) -> None:
        states = agent_states(await self._configuration.current())
        state = next((one for one in states if one.name == operation), None)
        if state is None:
            message = f"there is no operation {operation[:64]!r}"
            raise RequestError(Situation.OPERATION_UNKNOWN, message)
        reason = "" if state is READY else state.name
        await self._agents.set_ready(
            agent.id, ready=state is READY, reason=reason, queues=agent.queues
        )

    async def _channels(self, agent_id: str) -> list[Fields]:
        agent = await self._agents.get(agent_id)
        if agent is None:
            raise not_found("there is no such agent")
        return channels(state_of(agent, await self._configuration.current()))


def _require_channel(request: Request) -> None:
    if request.path_params["channel"] != CHANNEL:
        raise not_found(f"the only channel here is {CHANNEL}")


def _wanted_channels(body: Body) -> list[str]:
    wanted = body.get("channels")
    if wanted is None:
        return [CHANNEL]
    if not isinstance(wanted, list) or not all(isinstance(one, str) for one in wanted):
        raise refused("channels has to be a list of names")
    return list(dict.fromkeys(wanted))
