"""Every exchange and queue, as data for workers, deploy files and tests."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Final, get_args

from aio_pika.abc import FieldValue

from shared.contracts.commands import ParseMail
from shared.contracts.envelope import EVENTS, JOURNALED, commands_to
from shared.contracts.events import (
    AgentNotReady,
    AgentReady,
    InteractionReceived,
    JournaledEvent,
    PlacedInQueue,
)

EXCHANGES: Final[Mapping[str, str]] = MappingProxyType({EVENTS: "topic", JOURNALED: "direct"})
"""The exchanges that no single service owns, by kind. The journal's is direct, because nobody binds
patterns to it and thousands of names are bound to a direct exchange in half the time."""


MAX_DELIVERIES: Final = 20
"""Deliveries of one message without an answer, because its consumers die or are killed. Then it is
parked, by the consumer or by the broker itself."""


@dataclass(frozen=True, slots=True)
class Binding:
    """A binding of a queue to an exchange: the pattern of routing keys it gets."""

    exchange: str
    pattern: str


@dataclass(frozen=True, slots=True)
class WaitingRoom:
    """A queue whose messages go back to the work queue after a fixed time.

    The time is part of its name, because the arguments of a queue cannot be changed: another time
    is another queue. Messages return by the service's own exchange. The broker's default exchange
    would need a right to write to every queue.
    """

    name: str
    delay: timedelta
    exchange: str
    returns_to: str

    @property
    def arguments(self) -> dict[str, FieldValue]:
        """The arguments of the declaration of the queue."""
        return {
            "x-queue-type": "quorum",
            "x-message-ttl": int(self.delay.total_seconds() * 1000),
            "x-dead-letter-exchange": self.exchange,
            "x-dead-letter-routing-key": self.returns_to,
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        }


_WAITS: Final = (
    ("5s", timedelta(seconds=5)),
    ("30s", timedelta(seconds=30)),
    ("5m", timedelta(minutes=5)),
)


@dataclass(frozen=True, slots=True)
class WorkQueue:
    """A service's queue with its waiting rooms and its parking queue.

    With `single_active` the broker delivers to one consumer at a time. `kept_by` names the service
    whose pods consume the queue, if its name is another one.
    """

    service: str
    bindings: tuple[Binding, ...]
    single_active: bool = False
    kept_by: str = ""

    @property
    def name(self) -> str:
        """The name of the queue that pods consume and the autoscaler watches."""
        return f"{self.service}.work"

    @property
    def arguments(self) -> dict[str, FieldValue]:
        """The arguments of the declaration of the queue."""
        only_one: dict[str, FieldValue] = {"x-single-active-consumer": True}
        return {"x-queue-type": "quorum"} | (only_one if self.single_active else {})

    @property
    def commands(self) -> str:
        """The topic exchange for commands to the service."""
        return commands_to(self.service)

    @property
    def exchanges(self) -> dict[str, str]:
        """The exchanges that the service itself declares, by kind."""
        takes_commands = any(binding.exchange == self.commands for binding in self.bindings)
        return {self.retries: "direct"} | ({self.commands: "topic"} if takes_commands else {})

    @property
    def retries(self) -> str:
        """The direct exchange that leads to the waiting rooms, the parking queue and back."""
        return f"{self.service}.retries"

    @property
    def keeper(self) -> str:
        """The service whose pods consume the queue."""
        return self.kept_by or self.service

    @property
    def parking(self) -> str:
        """The queue of messages that could not be handled, until an operator replays them."""
        return f"{self.name}.dead"

    @property
    def waiting_rooms(self) -> tuple[WaitingRoom, ...]:
        """The waiting rooms, shortest wait first."""
        return tuple(
            WaitingRoom(f"{self.name}.retry-{label}", delay, self.retries, self.name)
            for label, delay in _WAITS
        )


def _commands(pattern: str) -> Binding:
    return Binding(commands_to(pattern.partition(".")[0]), pattern)


def _events(address: str) -> Binding:
    return Binding(EVENTS, f"{address}.*")


def _agent_events() -> tuple[Binding, ...]:
    """Return bindings for events that concern an agent.

    Those for all agents match too; the journal writer drops them.
    """
    events, *_ = get_args(JournaledEvent)
    return tuple(Binding(EVENTS, f"{event.address}.#") for event in get_args(events))


INGEST: Final = WorkQueue("ingest", (_commands(ParseMail.address),))
ATTACHMENTS: Final = WorkQueue("attachments", (_commands("attachments.*.v1"),))
ROUTING: Final = WorkQueue(
    "routing",
    (
        _commands("routing.*.v1"),
        _events(InteractionReceived.address),
        _events(PlacedInQueue.address),
        _events(AgentReady.address),
        _events(AgentNotReady.address),
    ),
)
COMPOSITION: Final = WorkQueue("composition", (_commands("composition.*.v1"),))
OUTBOUND: Final = WorkQueue("outbound", (_commands("outbound.*.v1"),))
JOURNAL: Final = WorkQueue("journal", _agent_events(), single_active=True, kept_by="gateway")

WORK_QUEUES: Final = (INGEST, ATTACHMENTS, ROUTING, COMPOSITION, OUTBOUND, JOURNAL)


def all_exchanges() -> dict[str, str]:
    """Return every exchange, by kind."""
    return dict(EXCHANGES) | {
        name: kind for queue in WORK_QUEUES for name, kind in queue.exchanges.items()
    }


def policies() -> dict[str, dict[str, object]]:
    """Return the broker policies by name. Limits are policies, so that they can be changed.

    The broker parks a message that was delivered `MAX_DELIVERIES` times without an answer. A full
    queue rejects the publisher's message instead of dropping its oldest one.
    """
    return {
        queue.name: {
            "pattern": f"^{queue.name.replace('.', '[.]')}$",
            "apply-to": "queues",
            "priority": 10,
            "definition": {
                "delivery-limit": MAX_DELIVERIES,
                "dead-letter-exchange": "",
                "dead-letter-routing-key": queue.parking,
                "dead-letter-strategy": "at-least-once",
                "overflow": "reject-publish",
                "max-length-bytes": 1_073_741_824,
            },
        }
        for queue in WORK_QUEUES
    }
