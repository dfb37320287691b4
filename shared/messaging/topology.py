"""Every exchange and queue there is, as data; workers, deploy files and tests read it here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Final, get_args

from aio_pika.abc import FieldValue

from shared.contracts.commands import ParseMail
from shared.contracts.envelope import EVENTS, JOURNALED, commands_to
from shared.contracts.events import (
    AgentNews,
    AgentNotReady,
    AgentReady,
    InteractionReceived,
    PlacedInQueue,
)

EXCHANGES: Final[Mapping[str, str]] = MappingProxyType({EVENTS: "topic", JOURNALED: "direct"})
"""Each exchange that belongs to no single service, and its kind. Nobody binds a pattern of agents,
and the broker binds thousands of names to a direct exchange in half the time."""


@dataclass(frozen=True, slots=True)
class Binding:
    """What an exchange puts into a queue."""

    exchange: str
    pattern: str


@dataclass(frozen=True, slots=True)
class WaitingRoom:
    """A queue whose messages go back to the work queue after a fixed time.

    The time is part of the name, so that another time is another queue: a queue's arguments
    cannot be changed. They go by the exchange of their own work queue, because whoever may write
    to the broker's default exchange may write to every queue.
    """

    name: str
    delay: timedelta
    exchange: str
    returns_to: str

    @property
    def arguments(self) -> dict[str, FieldValue]:
        """What the broker is told when the queue is declared."""
        return {
            "x-queue-type": "quorum",
            "x-message-ttl": int(self.delay.total_seconds() * 1000),
            "x-dead-letter-exchange": self.exchange,
            "x-dead-letter-routing-key": self.returns_to,
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        }


_LADDER: Final = (
    ("5s", timedelta(seconds=5)),
    ("30s", timedelta(seconds=30)),
    ("5m", timedelta(minutes=5)),
)


@dataclass(frozen=True, slots=True)
class WorkQueue:
    """A service's queue, the waiting rooms beside it, and where its failures are parked.

    With `single_active` one consumer at a time gets messages, however many there are. `kept_by`
    names the service whose pods consume it, where that is another one than its own.
    """

    service: str
    bindings: tuple[Binding, ...]
    single_active: bool = False
    kept_by: str = ""

    @property
    def name(self) -> str:
        """The queue that pods of the service consume and that the autoscaler counts."""
        return f"{self.service}.work"

    @property
    def arguments(self) -> dict[str, FieldValue]:
        """What the broker is told when the queue is declared."""
        only_one: dict[str, FieldValue] = {"x-single-active-consumer": True}
        return {"x-queue-type": "quorum"} | (only_one if self.single_active else {})

    @property
    def commands(self) -> str:
        """The topic exchange of what the service is asked to do."""
        return commands_to(self.service)

    @property
    def exchanges(self) -> dict[str, str]:
        """The exchanges that only the service itself makes, and their kinds."""
        obeys = any(binding.exchange == self.commands for binding in self.bindings)
        return {self.retries: "direct"} | ({self.commands: "topic"} if obeys else {})

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
        """The queue of what could not be handled, for an operator to inspect and replay."""
        return f"{self.name}.dead"

    @property
    def waiting_rooms(self) -> tuple[WaitingRoom, ...]:
        """The ladder, shortest wait first."""
        return tuple(
            WaitingRoom(f"{self.name}.retry-{label}", delay, self.retries, self.name)
            for label, delay in _LADDER
        )


def _commands(pattern: str) -> Binding:
    return Binding(commands_to(pattern.partition(".")[0]), pattern)


def _events(address: str) -> Binding:
    return Binding(EVENTS, f"{address}.*")


def _news() -> tuple[Binding, ...]:
    """Return what concerns one agent; what is for everybody comes along and is left out later."""
    events, *_ = get_args(AgentNews)
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
JOURNAL: Final = WorkQueue("journal", _news(), single_active=True, kept_by="gateway")

WORK_QUEUES: Final = (INGEST, ATTACHMENTS, ROUTING, COMPOSITION, OUTBOUND, JOURNAL)


def all_exchanges() -> dict[str, str]:
    """Return every exchange there is, and its kind."""
    return dict(EXCHANGES) | {
        name: kind for queue in WORK_QUEUES for name, kind in queue.exchanges.items()
    }


def policies() -> dict[str, dict[str, object]]:
    """Return the broker policies, by name: limits live here, never in queue arguments.

    A message that kills its consumer again and again is parked by the broker itself; a full
    queue refuses the publisher instead of dropping its oldest message.
    """
    return {
        queue.name: {
            "pattern": f"^{queue.name.replace('.', '[.]')}$",
            "apply-to": "queues",
            "priority": 10,
            "definition": {
                "delivery-limit": 20,
                "dead-letter-exchange": "",
                "dead-letter-routing-key": queue.parking,
                "dead-letter-strategy": "at-least-once",
                "overflow": "reject-publish",
                "max-length-bytes": 1_073_741_824,
            },
        }
        for queue in WORK_QUEUES
    }
