"""POST on an interaction: checked against the present snapshot, then handed to its owner."""

from starlette.requests import Request
from starlette.responses import Response

from services.gateway.answers import json_answer
from services.gateway.errors import RequestError, Situation
from services.gateway.operations.asked import Asked, Offer
from services.gateway.operations.registry import offer_named, operation_name, prepare
from services.gateway.request_body import Body, read_object
from services.gateway.requests import Callers
from shared.contracts.envelope import Cause
from shared.contracts.outgoing import wrap
from shared.domain.clock import Clock
from shared.domain.ids import new_id
from shared.messaging.publisher import Publisher
from shared.storage.agents import AgentStore, StoredAgent
from shared.storage.configuration import ConfigurationStore
from shared.storage.interactions import InteractionStore


class Operating:
    """The resources that agents work with."""

    def __init__(
        self,
        *,
        callers: Callers,
        interactions: InteractionStore,
        agents: AgentStore,
        configuration: ConfigurationStore,
        publisher: Publisher,
        clock: Clock,
        max_body: int,
    ) -> None:
        self._callers = callers
        self._interactions = interactions
        self._agents = agents
        self._configuration = configuration
        self._publisher = publisher
        self._clock = clock
        self._max_body = max_body

    async def operate(self, request: Request) -> Response:
        """POST /me/interactions/{id}.

        "ok" means that a majority of brokers hold the command; what came of it is told on the
        topic.
        """
        agent = await self._callers.agent(request)
        body = await read_object(request.receive, at_most=self._max_body)
        offer = offer_named(operation_name(body))
        asked = await self._asked(agent, request.path_params["id"], offer, body)
        order = prepare(offer, asked)
        cause = Cause.about(asked.interaction.id)
        await self._publisher.publish(wrap(order.command, cause, asked.now))
        return json_answer(order.answer)

    async def create(self, request: Request) -> Response:
        """POST /me/interactions: nothing can be created yet, and the answer says why."""
        await self._callers.agent(request)
        name = operation_name(await read_object(request.receive, at_most=self._max_body))
        offer = offer_named(name)
        raise RequestError(
            Situation.OPERATION_FORBIDDEN, f"{offer.name} is for /me/interactions/{{id}}"
        )

    async def _asked(
        self, agent: StoredAgent, interaction_id: str, offer: Offer, body: Body
    ) -> Asked:
        return Asked(
            agent_id=agent.id,
            interaction=await self._interactions.get(interaction_id, with_text=False),
            body=body,
            contact_center=await self._configuration.current(),
            now=self._clock.now(),
            new_id=new_id(),
            target=await self._target(body) if offer.has_target else None,
        )

    async def _target(self, body: Body) -> StoredAgent | None:
        if isinstance(agent_id := body.get("userId"), str):
            return await self._agents.get(agent_id)
        if isinstance(user_name := body.get("userName"), str):
            return await self._agents.named(user_name)
        return None
