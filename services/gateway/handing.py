"""Hands a command to the broker, and answers with what came of it where a client waits for that."""

import asyncio
from datetime import timedelta
from types import MappingProxyType
from typing import Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from services.gateway.answers import json_answer
from services.gateway.errors import RequestError, Situation
from services.gateway.news import News
from services.gateway.operations.asked import Order
from services.gateway.preconditions import expected_version
from services.gateway.preferences import applied, preferred_wait
from services.gateway.seeds import seed_of
from services.gateway.telling import Telling
from shared.contracts.envelope import Cause
from shared.contracts.events import InteractionEvent, OperationRefused
from shared.contracts.outgoing import Outgoing, wrap
from shared.domain.clock import Clock
from shared.domain.interaction import Interaction
from shared.messaging.publisher import Publisher

_SITUATIONS: Final = MappingProxyType(
    {
        "not-owner": Situation.NOT_PERMITTED,
        "unknown": Situation.NOT_FOUND,
        "changed": Situation.PRECONDITION_FAILED,
    }
)


class Handing:
    """The last step of every operation on an interaction."""

    def __init__(self, *, publisher: Publisher, news: News, telling: Telling, clock: Clock) -> None:
        self._publisher = publisher
        self._news = news
        self._telling = telling
        self._clock = clock

    async def over(
        self, request: Request, order: Order, interaction: Interaction | None = None
    ) -> Response:
        """Return the answer once the broker holds the command, or its outcome is known.

        `interaction` is the one that the order is about, if there is one yet. `If-Match` becomes
        part of the command, so that the one who writes checks it again.

        Raises:
            RequestError: The interaction is not what the client thinks, or it was refused while
                the client waited.
            Unavailable: The broker does not take it.
        """
        version = expected_version(request.headers.getlist("if-match"), interaction)
        command = order.command.model_copy(update={"expected_version": version})
        seed = seed_of(request.scope)
        cause = Cause.about(command.interaction_id)
        message = wrap(command, cause, self._clock.now(), message_id=seed.message_id)
        wait = preferred_wait(request.headers.getlist("prefer"))
        if wait is not None:
            return await self._outcome(Order(command, order.answer), message, wait)
        await self._publisher.publish(message)
        return json_answer(order.answer)

    async def _outcome(self, order: Order, message: Outgoing, wait: timedelta) -> Response:
        async with self._news.awaiting(UUID(message.id), order.command) as awaited:
            await self._publisher.publish(message)
            try:
                async with asyncio.timeout(wait.total_seconds()):
                    event = await awaited.arrived
            except TimeoutError:
                # RFC 7240 section 4.3: taken, and still being worked on.
                return json_answer(order.answer, 202, applied(wait))
        return await self._told(order, event, wait)

    async def _told(self, order: Order, event: InteractionEvent, wait: timedelta) -> Response:
        if isinstance(event, OperationRefused):
            situation = _SITUATIONS.get(event.kind, Situation.WRONG_STATE)
            raise RequestError(situation, event.reason, headers=applied(wait))
        message = await self._telling.tell(event)
        told = {"interaction": message.fields} if message else {}
        return json_answer({**order.answer, **told}, headers=applied(wait))
