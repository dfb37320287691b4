"""Sends a message that could not be handled to a waiting room or the parking queue."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from shared.contracts.outgoing import Outgoing
from shared.domain.errors import Unavailable
from shared.domain.storable_text import storable
from shared.messaging.topology import MAX_DELIVERIES, WorkQueue

ATTEMPT: Final = "x-attempt"
REASON: Final = "x-reason"
MAX_ATTEMPTS: Final = 50
"""About four hours of waiting. After a longer outage an operator replays the messages."""

# It travels in a header, and a person reads one line of it.
_LONGEST_REASON: Final = 300


@dataclass(frozen=True, slots=True)
class Delivered:
    """A message as the work queue delivered it."""

    id: str
    body: bytes
    correlation_id: str
    headers: Mapping[str, object]

    @property
    def attempt(self) -> int:
        """The number of attempts to handle it, this one included."""
        return _count(self.headers.get(ATTEMPT)) + 1

    @property
    def is_lethal(self) -> bool:
        """Say whether it was delivered too often without an answer."""
        return _count(self.headers.get("x-delivery-count")) >= MAX_DELIVERIES


def after_failure(message: Delivered, error: BaseException, queue: WorkQueue) -> Outgoing:
    """Return the copy to publish before the original is acknowledged."""
    if isinstance(error, Unavailable) and message.attempt < MAX_ATTEMPTS:
        rooms = queue.waiting_rooms
        room = rooms[min(message.attempt, len(rooms)) - 1]
        return _copy(message, queue, room.name, {ATTEMPT: message.attempt})
    return parked(message, describe(error), queue)


def parked(message: Delivered, reason: str, queue: WorkQueue) -> Outgoing:
    """Return the copy for the parking queue, with the reason in a header."""
    return _copy(message, queue, queue.parking, {ATTEMPT: message.attempt, REASON: reason})


def describe(error: BaseException) -> str:
    """Return an error as one line without the content of the message."""
    if isinstance(error, ValidationError):
        places = (".".join(map(str, one["loc"])) for one in error.errors(include_input=False))
        return storable(f"not a valid message: {', '.join(places)}", _LONGEST_REASON)
    return storable(f"{type(error).__name__}: {error}", _LONGEST_REASON)


def _copy(
    message: Delivered, queue: WorkQueue, routing_key: str, headers: dict[str, str | int]
) -> Outgoing:
    return Outgoing(
        message.id, queue.retries, routing_key, message.body, message.correlation_id, headers
    )


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0
