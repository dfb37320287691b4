"""Tells a request that waits what came of its command."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from shared.contracts.commands import AgentCommand, SubmitDraft
from shared.contracts.envelope import Envelope
from shared.contracts.events import (
    AgentNews,
    DeliveryTrouble,
    InteractionEvent,
    MailSent,
)

_OF_DELIVERY: Final = (MailSent, DeliveryTrouble)


@dataclass(eq=False, slots=True)
class AwaitedOutcome:
    """A command whose first event for its agent is waited for.

    What comes of a Send is told by the delivery, which has a command of its own.
    """

    message_id: UUID
    command: AgentCommand
    arrived: "asyncio.Future[InteractionEvent]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def is_met_by(self, event: InteractionEvent, causation_id: UUID | None) -> bool:
        """Say whether an event tells what came of the command."""
        if event.agent_id != self.command.agent_id:
            return False
        return causation_id == self.message_id or (
            isinstance(self.command, SubmitDraft)
            and isinstance(event, _OF_DELIVERY)
            and event.interaction_id == self.command.interaction_id
        )


class AwaitedOutcomes:
    """All commands whose outcome somebody waits for in this pod."""

    def __init__(self) -> None:
        self._awaited: set[AwaitedOutcome] = set()

    @contextmanager
    def awaiting(self, message_id: UUID, command: AgentCommand) -> Iterator[AwaitedOutcome]:
        """Look out for the outcome for as long as the context lasts."""
        awaited = AwaitedOutcome(message_id, command)
        self._awaited.add(awaited)
        try:
            yield awaited
        finally:
            self._awaited.discard(awaited)
            awaited.arrived.cancel()

    def note(self, envelope: Envelope[AgentNews]) -> None:
        """Pass an event on to whoever waits for it."""
        event = envelope.body
        if not isinstance(event, InteractionEvent):
            return
        for awaited in self._awaited:
            if not awaited.arrived.done() and awaited.is_met_by(event, envelope.causation_id):
                awaited.arrived.set_result(event)
