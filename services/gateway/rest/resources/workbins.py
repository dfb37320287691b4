"""The resource /me/workbins: lists workbins and their content, and moves interactions."""

from starlette.requests import Request
from starlette.responses import Response

from services.gateway.commands.operation_executor import OperationExecutor
from services.gateway.errors import RequestError, Situation, missing
from services.gateway.http.answers import json_answer
from services.gateway.http.json_body import Body, read_object
from services.gateway.interaction_queries import InteractionQueries
from services.gateway.operations.assignment.get_workbin_content import GET_WORKBIN_CONTENT
from services.gateway.operations.assignment.place_in_workbin import PLACE_IN_WORKBIN
from services.gateway.operations.assignment.pull_interaction import PULL_INTERACTION
from services.gateway.operations.parameters.workbin_lookup import find_place, places_of
from services.gateway.operations.registry import operation_name
from services.gateway.operations.request import OK
from services.gateway.rest.callers import Callers
from services.gateway.wire.messages import workbin_items
from services.gateway.wire.workbins import workbin
from shared.storage.agents.agent_store import StoredAgent
from shared.storage.configuration_store import ConfigurationStore


class WorkbinsResource:
    """The workbins that an agent may open."""

    def __init__(
        self,
        *,
        callers: Callers,
        queries: InteractionQueries,
        configuration: ConfigurationStore,
        executor: OperationExecutor,
        max_body: int,
    ) -> None:
        self._callers = callers
        self._queries = queries
        self._configuration = configuration
        self._executor = executor
        self._max_body = max_body

    async def mine(self, request: Request) -> Response:
        """GET /me/workbins: the agent's and those of their groups."""
        agent = await self._callers.agent(request)
        root = self._callers.root(request)
        places = places_of(agent, await self._configuration.current())
        fields = [workbin(place, root) for place in places]
        return json_answer({"statusCode": 0, "status": 0, "workbins": fields})

    async def one(self, request: Request) -> Response:
        """GET /me/workbins/{workbin}: a workbin and its content."""
        agent = await self._callers.agent(request)
        place = find_place(_identifier(request, {}), agent, await self._configuration.current())
        return json_answer(
            {
                "statusCode": 0,
                "status": 0,
                "workbin": workbin(place, self._callers.root(request)),
                "interactions": workbin_items(await self._queries.in_workbin(place)),
            }
        )

    async def operate(self, request: Request) -> Response:
        """POST /me/workbins/{workbin}: the operations of 8.5.1 and 8.5.2."""
        agent = await self._callers.agent(request)
        body = await read_object(request.receive, at_most=self._max_body)
        match operation_name(body):
            case "AddInteraction" | "AddEmail" | "AddInteractionToWorkbin":
                return await self._put_in(agent, request, body)
            case "PullInteraction" | "PullEmail":
                return await self._executor.execute(
                    request, agent, _item(body), PULL_INTERACTION, body
                )
            case name if name == GET_WORKBIN_CONTENT.name:
                return await self._executor.publish_content_request(
                    agent, _identifier(request, body)
                )
            case "SubscribeWorkbinEvents" | "UnsubscribeWorkbinEvents":
                # Nothing to do: the topic has the changes of all workbins of the agent.
                find_place(_identifier(request, body), agent, await self._configuration.current())
                return json_answer(OK)
            case name:
                message = f"there is no operation {name[:64]!r} on workbins"
                raise RequestError(Situation.OPERATION_UNKNOWN, message)

    async def _put_in(self, agent: StoredAgent, request: Request, body: Body) -> Response:
        identifier = _identifier(request, body)
        return await self._executor.execute(
            request, agent, _item(body), PLACE_IN_WORKBIN, {**body, "workbin": identifier}
        )


def _identifier(request: Request, body: Body) -> object:
    name = request.path_params.get("workbin")
    if name is None:
        return body.get("workbin")
    group = request.query_params.get("agentGroup") or body.get("agentGroup")
    return {"workbinName": name, "agentGroup": group} if group else name


def _item(body: Body) -> str:
    interaction_id = body.get("id") or body.get("interactionId")
    if not isinstance(interaction_id, str):
        raise missing("id")
    return interaction_id
