"""The envelope of every message, and the base class of their contents."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Final, Generic, TypeVar
from uuid import UUID, uuid4, uuid5

from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny

EVENTS = "events"
JOURNALED = "journal"

_JOURNEYS: Final = UUID("6f1d7a52-3d0e-4c0b-9d0a-7f1f0a4a7c11")


def commands_to(service: str) -> str:
    """Return the exchange for commands to a service; rights are granted by exchange."""
    return f"{service}.commands"


class Contract(BaseModel):
    """A message that another service may depend on. Fields are added, never renamed."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    exchange: ClassVar[str]
    address: ClassVar[str]

    @property
    def routing_key(self) -> str:
        """The routing key of the message."""
        return self.address


C = TypeVar("C", bound=Contract)


@dataclass(frozen=True, slots=True)
class Cause:
    """The cause of a message: the id of the journey, and of the message that led to it, if any."""

    correlation_id: UUID = field(default_factory=uuid4)
    message_id: UUID | None = None

    @classmethod
    def about(cls, interaction_id: str) -> "Cause":
        """Return the first cause of an interaction's journey, whose id is derived from its id."""
        return cls(uuid5(_JOURNEYS, interaction_id))


class Envelope(BaseModel, Generic[C]):
    """A message with the data to trace, order and de-duplicate it.

    `correlation_id` is the same for all messages that follow from one mail or one request.
    `causation_id` is the id of the message that led to this one.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    id: UUID = Field(default_factory=uuid4)
    correlation_id: UUID
    causation_id: UUID | None = None
    occurred_at: datetime
    body: SerializeAsAny[C]

    @property
    def cause(self) -> Cause:
        """The cause for messages that follow from this one."""
        return Cause(self.correlation_id, self.id)
