"""POST and PUT on interactions: checked against the snapshot, then sent as commands."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from services.gateway.auth.permissions import ReadScope, refusal_of
from services.gateway.commands.command_sender import CommandSender
from services.gateway.commands.operation_executor import OperationExecutor
from services.gateway.errors import RequestError, Situation, missing
from services.gateway.http.json_body import Body, read_object
from services.gateway.operations.assignment.get_workbin_content import GET_WORKBIN_CONTENT
from services.gateway.operations.drafts.create import CREATE, order_creation
from services.gateway.operations.drafts.save import UPDATE
from services.gateway.operations.properties.user_data import UPDATE_USER_DATA
from services.gateway.operations.registry import (
    NOT_A_REPORT,
    RELEASE,
    find_operation,
    operation_name,
)
from services.gateway.operations.request import OK, PreparedCommand, named
from services.gateway.rest.callers import Callers
from shared.contracts.commands import DisownReport
from shared.domain.deliveries.delivery_report import KIND_OF_REPORT
from shared.domain.lifecycle import TRANSITIONS, Operation
from shared.domain.set_aside import DISCARDED, FLOOD
from shared.storage.agents.agent_store import AgentStore, StoredAgent
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.interactions.interaction_store import InteractionStore

_SET_ASIDE: Final = {
    NOT_A_REPORT: ({KIND_OF_REPORT}, "completed reports"),
    RELEASE: ({DISCARDED, FLOOD}, "completed mail that was discarded or folded"),
}
"""The operations of administrators: keys of user data, and the mail that has one."""


class OperationsResource:
    """The resources /me/interactions and /interactions, for operations."""

    def __init__(
        self,
        *,
        callers: Callers,
        interactions: InteractionStore,
        agents: AgentStore,
        configuration: ConfigurationStore,
        command_sender: CommandSender,
        executor: OperationExecutor,
        max_body: int,
    ) -> None:
        self._callers = callers
        self._interactions = interactions
        self._agents = agents
        self._configuration = configuration
        self._command_sender = command_sender
        self._executor = executor
        self._max_body = max_body

    async def operate(self, request: Request) -> Response:
        """POST /me/interactions/{id}: perform an operation.

        "ok" means that a majority of the brokers has the command; its outcome is sent on the topic.
        """
        agent, body = await self._read(request)
        name = operation_name(body)
        if name == GET_WORKBIN_CONTENT.name:
            return await self._executor.publish_content_request(agent, body.get("workbin"))
        return await self._executor.execute(
            request, agent, request.path_params["id"], find_operation(name), body
        )

    async def update(self, request: Request) -> Response:
        """PUT /me/interactions/{id} and /interactions/{id}: save a draft or user data."""
        agent, body = await self._read(request)
        if "email_object" in body or "email" in body:
            definition = UPDATE
        elif "userData" in body:
            definition = UPDATE_USER_DATA
        else:
            raise missing("email_object")
        return await self._executor.execute(
            request, agent, request.path_params["id"], definition, body
        )

    async def disown_report(self, request: Request) -> Response:
        """POST /ucs/interactions/{id}: NotAReport and Release, for administrators.

        The mail was taken for a report, or discarded; it becomes an ordinary one in its queue.
        """
        admin = await self._callers.admin(request)
        body = await read_object(request.receive, at_most=self._max_body)
        name = operation_name(body)
        if name not in _SET_ASIDE:
            message = f"{name[:64]} is no operation here: {' and '.join(_SET_ASIDE)} are"
            raise RequestError(Situation.OPERATION_FORBIDDEN, message)
        interaction = await self._interactions.get(request.path_params["id"], with_text=False)
        step = (interaction.direction, interaction.state, Operation.DISOWN)
        keys, mails = _SET_ASIDE[name]
        if step not in TRANSITIONS or keys.isdisjoint(interaction.user_data):
            raise RequestError(Situation.WRONG_STATE, f"{name} is for {mails}")
        command = DisownReport(interaction_id=interaction.id, agent_id=admin.id)
        prepared = named(PreparedCommand(command, OK), name)
        return await self._command_sender.send(request, prepared, interaction)

    async def create(self, request: Request) -> Response:
        """POST /me/interactions: Create, or GetWorkbinContent."""
        agent, body = await self._read(request)
        match operation_name(body):
            case CREATE.name:
                return await self._create(request, agent, body)
            case GET_WORKBIN_CONTENT.name:
                return await self._executor.publish_content_request(agent, body.get("workbin"))
            case name:
                message = f"{find_operation(name).name} is for /me/interactions/{{id}}"
                raise RequestError(Situation.OPERATION_FORBIDDEN, message)

    async def _create(self, request: Request, agent: StoredAgent, body: Body) -> Response:
        present = await self._agents.get(agent.id)
        if present is None or not present.logged_in:
            message = f"{CREATE.name} is for agents who are logged in on the channel"
            raise RequestError(Situation.OPERATION_FORBIDDEN, message)
        command, answer = order_creation(
            body,
            agent_id=agent.id,
            new_id=(await self._command_sender.promise(request)).new_id,
            contact_center=await self._configuration.current(),
        )
        if command.parent_id:
            parent = await self._interactions.get(command.parent_id, with_text=False)
            if situation := refusal_of(ReadScope.FOLLOWED, agent, parent):
                raise RequestError(situation, "the parent is not yours: accept it first")
        return await self._command_sender.send(
            request, named(PreparedCommand(command, answer), CREATE.name)
        )

    async def _read(self, request: Request) -> tuple[StoredAgent, Body]:
        agent = await self._callers.agent(request)
        return agent, await read_object(request.receive, at_most=self._max_body)
