"""Executes operations: checks each against its interaction, and sends its command."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from services.gateway.commands.command_ids import command_ids_of
from services.gateway.commands.command_sender import CommandSender
from services.gateway.commands.operation_order import OperationOrder
from services.gateway.commands.preparation import prepare
from services.gateway.commands.promised_interactions import PromisedInteractions
from services.gateway.errors import RequestError, Situation
from services.gateway.http.answers import json_answer
from services.gateway.http.json_body import Body
from services.gateway.operations.definition import OperationDefinition
from services.gateway.operations.parameters.email_object import compares_words
from services.gateway.operations.parameters.workbin_lookup import find_place
from services.gateway.operations.request import OK, OperationRequest
from services.gateway.wire.mail import draft
from shared.background_tasks import cancel_and_wait
from shared.contracts.envelope import Cause
from shared.contracts.events import WorkbinContentWanted
from shared.contracts.outgoing import wrap
from shared.domain.clock import Clock
from shared.domain.lifecycle import Operation, State
from shared.messaging.publisher import Publisher
from shared.storage.agents.agent_store import AgentStore, StoredAgent
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.mails.delivery_store import DeliveryStore


class OperationExecutor:
    """Executes the operations of agents on interactions, one after the other on each."""

    def __init__(  # noqa: PLR0913 - what it works with, by name
        self,
        *,
        promised: PromisedInteractions,
        deliveries: DeliveryStore,
        agents: AgentStore,
        configuration: ConfigurationStore,
        publisher: Publisher,
        command_sender: CommandSender,
        operation_order: OperationOrder,
        clock: Clock,
        only_new_keys: bool = False,
    ) -> None:
        self._promised = promised
        self._deliveries = deliveries
        self._agents = agents
        self._configuration = configuration
        self._publisher = publisher
        self._command_sender = command_sender
        self._operation_order = operation_order
        self._clock = clock
        self._only_new_keys = only_new_keys

    async def execute(
        self,
        request: Request,
        agent: StoredAgent,
        interaction_id: str,
        definition: OperationDefinition,
        body: Body,
    ) -> Response:
        """Check an operation, publish its command, and return the answer.

        Raises:
            RequestError: The state, the permissions or the body do not allow it.
        """
        if definition.creates_interaction:
            command_ids = await self._command_sender.promise(request)
        else:
            command_ids = command_ids_of(request.scope)
        # Read while the turn is taken: nearly always no other operation is before this one.
        reading = asyncio.create_task(
            self._request(request, agent, interaction_id, definition, body)
        )
        try:
            async with self._operation_order.in_turn(
                interaction_id, agent.id, command_ids
            ) as is_alone:
                if is_alone:
                    operation_request = await reading
                else:
                    # The operation before this one may have changed the interaction meanwhile.
                    operation_request = await self._request(
                        request, agent, interaction_id, definition, body
                    )
                prepared = prepare(definition, operation_request)
                if (
                    definition.operation is Operation.CANCEL
                    and operation_request.interaction.state is State.SENDING
                ):
                    await self._require_cancelable(interaction_id)
                return await self._command_sender.send(
                    request, prepared, operation_request.interaction
                )
        finally:
            await cancel_and_wait([reading])

    async def publish_content_request(self, agent: StoredAgent, identifier: object) -> Response:
        """Publish a request for the content of a workbin, which is sent on the agent's topic.

        Raises:
            RequestError: There is no such workbin, or the agent may not open it.
        """
        place = find_place(identifier, agent, await self._configuration.current())
        event = WorkbinContentWanted(
            agent_id=agent.id, workbin=place.workbin, owner=place.owner, of_group=place.of_group
        )
        await self._publisher.publish(wrap(event, Cause(), self._clock.now()))
        return json_answer(OK)

    async def _require_cancelable(self, interaction_id: str) -> None:
        # A majority may not have the newest claim yet, whose mail is being sent.
        delivery = await self._deliveries.get(interaction_id, newest=True)
        if delivery is None or not delivery.may_be_canceled:
            raise RequestError(
                Situation.WRONG_STATE,
                "the mail is being handed to a mail server now: Cancel is possible again if it has "
                "to wait for another attempt",
            )

    async def _request(
        self,
        request: Request,
        agent: StoredAgent,
        interaction_id: str,
        definition: OperationDefinition,
        body: Body,
    ) -> OperationRequest:
        interaction = await self._promised.get(interaction_id, with_text=compares_words(body))
        return OperationRequest(
            agent=agent,
            interaction=interaction,
            body=body,
            contact_center=await self._configuration.current(),
            now=self._clock.now(),
            new_id=command_ids_of(request.scope).new_id,
            show=draft,
            target=await self._target(body) if definition.has_target else None,
            has_known_skill=definition.has_target and await self._is_skill(body.get("skill")),
            only_new_keys=self._only_new_keys,
        )

    async def _target(self, body: Body) -> StoredAgent | None:
        if isinstance(agent_id := body.get("userId"), str) and agent_id:
            return await self._agents.get(agent_id)
        if isinstance(uri := body.get("userUri"), str) and "/users/" in f"/{uri}":
            return await self._agents.get(uri.rstrip("/").rpartition("/")[2])
        if isinstance(user_name := body.get("userName"), str) and user_name:
            return await self._agents.named(user_name)
        return None

    async def _is_skill(self, name: object) -> bool:
        is_name = isinstance(name, str) and name.replace("-", "").replace("_", "").isalnum()
        return is_name and await self._agents.has_skill(str(name))
