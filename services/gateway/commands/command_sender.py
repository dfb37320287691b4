"""Publishes commands, and answers with their outcome if the client waits for it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import timedelta
from types import MappingProxyType
from typing import Final, Protocol
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from structlog.contextvars import bind_contextvars

from services.gateway.commands.command_ids import (
    CommandIds,
    command_ids_of,
    numbered_message_id,
    set_command_ids,
)
from services.gateway.commands.promised_interactions import PromisedIds
from services.gateway.errors import RequestError, Situation
from services.gateway.http.answers import json_answer
from services.gateway.http.preconditions import expected_version
from services.gateway.http.preferences import applied, preferred_wait
from services.gateway.notifications.command_outcomes import AwaitedOutcome
from services.gateway.notifications.message import Message
from services.gateway.operations.request import PreparedCommand
from services.gateway.wire.refusals import RefusalTexts
from shared.contracts.commands import (
    AcceptInvitation,
    AgentCommand,
    ExtendInvitation,
    RejectInvitation,
)
from shared.contracts.envelope import Cause
from shared.contracts.events import (
    DeliveryFailed,
    DeliveryTrouble,
    InteractionEvent,
    OperationRefused,
)
from shared.contracts.outgoing import Outgoing, wrap
from shared.domain.clock import Clock
from shared.domain.errors import Unavailable
from shared.domain.interaction import Interaction
from shared.faults import crash_point
from shared.messaging.publisher import Publisher
from shared.storage.agents.presence_store import PresenceStore

_SITUATIONS: Final = MappingProxyType(
    {
        "not-owner": Situation.NOT_PERMITTED,
        "unknown": Situation.NOT_FOUND,
        "changed": Situation.PRECONDITION_FAILED,
        "too-large": Situation.VALUE_REFUSED,
    }
)


BuildMessage = Callable[[InteractionEvent], Awaitable[Message | None]]
"""Returns the message about an event; None where its interaction does not exist."""


class CommandOutcomes(Protocol):
    """The source of outcomes; `EventFeed` is it."""

    def awaiting(
        self, message_id: UUID, command: AgentCommand, /
    ) -> AbstractAsyncContextManager[AwaitedOutcome]:
        """Await the outcome of a command that is published inside the context."""
        ...


class CommandSender:
    """Publishes the command of an operation and builds the answer to the client."""

    def __init__(
        self,
        *,
        publisher: Publisher,
        promised_ids: PromisedIds,
        presence: PresenceStore,
        outcomes: CommandOutcomes,
        build_message: BuildMessage,
        refusal_texts: RefusalTexts,
        clock: Clock,
    ) -> None:
        self._publisher = publisher
        self._promised_ids = promised_ids
        self._presence = presence
        self._outcomes = outcomes
        self._build_message = build_message
        self._refusal_texts = refusal_texts
        self._clock = clock

    async def promise(self, request: Request) -> CommandIds:
        """Promise the id of the interaction that a request creates; return its ids from now on.

        Raises:
            Unavailable: The database does not answer.
        """
        command_ids = command_ids_of(request.scope, self._clock.now())
        promised = await self._promised_ids.promise(command_ids.new_id)
        set_command_ids(request.scope, promised)
        return promised

    async def send(
        self,
        request: Request,
        prepared: PreparedCommand,
        interaction: Interaction | None = None,
    ) -> Response:
        """Publish a command; return the answer when the broker holds it, or its outcome is known.

        `interaction` is the subject of the operation, None if it is still to be created. The
        version in `If-Match` becomes part of the command, because the interaction may change
        before a service handles it.

        Raises:
            RequestError: The interaction has another version than `If-Match` names, or the command
                was refused while the client waited.
            Unavailable: The broker does not accept the command.
        """
        version = expected_version(request.headers.getlist("if-match"), interaction)
        command = prepared.command
        if version is not None:
            command = command.model_copy(update={"expected_version": version})
        return await self.send_all(request, [command], prepared.answer)

    async def send_all(
        self, request: Request, commands: Sequence[AgentCommand], answer: Mapping[str, object]
    ) -> Response:
        """Publish commands; return the answer when the broker holds all, or outcomes are known.

        Raises:
            RequestError: One was refused while the client waited.
            Unavailable: The broker does not accept them.
        """
        command_ids, now = command_ids_of(request.scope), self._clock.now()
        messages = [
            wrap(
                one,
                Cause.about(one.interaction_id),
                now,
                message_id=numbered_message_id(command_ids.message_id, number),
            )
            for number, one in enumerate(commands)
        ]
        wait = preferred_wait(request.headers.getlist("prefer"))
        # A draft that a request creates gets a correlation id of its own.
        bind_contextvars(correlation_id=messages[0].correlation_id)
        async with AsyncExitStack() as stack:
            # Before anything is published, because an outcome may come within a millisecond.
            awaited = []
            if wait is not None:
                pairs = zip(messages, commands, strict=True)
                awaiting = [
                    self._outcomes.awaiting(UUID(one.id), command) for one, command in pairs
                ]
                awaited = [await stack.enter_async_context(one) for one in awaiting]
            for message, command in zip(messages, commands, strict=True):
                await self._publish(message, command)
            crash_point("gateway.before_answering")
            if wait is None:
                return json_answer(answer)
            return await self._answer_with_outcome(answer, awaited, wait)

    async def _publish(self, message: Outgoing, command: AgentCommand) -> None:
        try:
            await self._publisher.publish(message)
        except Unavailable:
            if isinstance(command, AcceptInvitation | RejectInvitation | ExtendInvitation):
                # The fault is ours: routing must not count the offer as missed.
                await self._presence.excuse(command.agent_id)
            raise

    async def _answer_with_outcome(
        self, answer: Mapping[str, object], awaited: Sequence[AwaitedOutcome], wait: timedelta
    ) -> Response:
        try:
            async with asyncio.timeout(wait.total_seconds()):
                events = [await one.arrived for one in awaited]
        except TimeoutError:
            # RFC 7240 section 4.3: accepted, without an outcome yet.
            return json_answer(answer, 202, applied(wait))
        refused = [event for event in events if isinstance(event, OperationRefused)]
        return await self._answer_about(answer, (refused or events)[-1], wait)

    async def _answer_about(
        self, answer: Mapping[str, object], event: InteractionEvent, wait: timedelta
    ) -> Response:
        if isinstance(event, OperationRefused):
            situation = _SITUATIONS.get(event.kind, Situation.WRONG_STATE)
            raise RequestError(situation, self._refusal_texts.reason(event), headers=applied(wait))
        if isinstance(event, DeliveryFailed):
            raise RequestError(Situation.VALUE_REFUSED, event.reason, headers=applied(wait))
        message = await self._build_message(event)
        shown = {"interaction": message.payload} if message else {}
        # A delivery that was deferred, or whose outcome is uncertain, goes on.
        status = 202 if isinstance(event, DeliveryTrouble) else 200
        return json_answer({**answer, **shown}, status, applied(wait))
