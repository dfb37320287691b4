"""Gives a waiting request the first event that its command caused."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from shared.contracts.commands import AgentCommand, SubmitDraft
from shared.contracts.envelope import Envelope
from shared.contracts.events import (
    DeliveryTrouble,
    InteractionEvent,
    JournaledEvent,
    MailSent,
)

_OF_DELIVERY: Final = (MailSent, DeliveryTrouble)


@dataclass(eq=False, slots=True)
class AwaitedOutcome:
    """A command, and a future of the first event that it causes for its agent.

    The outcome of a Send is an event of the delivery, which has a command of its own; it is
    recognized by its interaction.
    """

    message_id: UUID
    command: AgentCommand
    arrived: "asyncio.Future[InteractionEvent]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def is_met_by(self, event: InteractionEvent, causation_id: UUID | None) -> bool:
        """Return whether an event is the outcome of the command."""
        if event.agent_id != self.command.agent_id:
            return False
        return causation_id == self.message_id or (
            isinstance(self.command, SubmitDraft)
            and isinstance(event, _OF_DELIVERY)
            and event.interaction_id == self.command.interaction_id
        )


class AwaitedOutcomes:
    """All commands of which requests in this pod await the outcome."""

    def __init__(self) -> None:
        self._awaited: set[AwaitedOutcome] = set()

    @contextmanager
    def awaiting(self, message_id: UUID, command: AgentCommand) -> Iterator[AwaitedOutcome]:
        """Await the outcome of a command for as long as the context lasts."""
        awaited = AwaitedOutcome(message_id, command)
        self._awaited.add(awaited)
        try:
            yield awaited
        finally:
            self._awaited.discard(awaited)
            awaited.arrived.cancel()

    def resolve(self, envelope: Envelope[JournaledEvent]) -> None:
        """Give an event to every request that awaits it."""
        event = envelope.body
        if not isinstance(event, InteractionEvent):
            return
        for awaited in self._awaited:
            if not awaited.arrived.done() and awaited.is_met_by(event, envelope.causation_id):
                awaited.arrived.set_result(event)
