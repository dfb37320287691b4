"""The wrapping of every message, and what a message must say of itself."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Final, Generic, TypeVar
from uuid import UUID, uuid4, uuid5

from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny

EVENTS = "events"
JOURNALED = "journal"

_JOURNEYS: Final = UUID("6f1d7a52-3d0e-4c0b-9d0a-7f1f0a4a7c11")


def commands_to(service: str) -> str:
    """Return the exchange that leads to one service, so that a user may write to that alone."""
    return f"{service}.commands"


class Contract(BaseModel):
    """A message another service may depend on. Fields are added, never renamed."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    exchange: ClassVar[str]
    address: ClassVar[str]

    @property
    def routing_key(self) -> str:
        """Where the broker takes it."""
        return self.address


C = TypeVar("C", bound=Contract)


@dataclass(frozen=True, slots=True)
class Cause:
    """What a message follows from: a whole journey, and the message before it, if there is one."""

    correlation_id: UUID = field(default_factory=uuid4)
    message_id: UUID | None = None

    @classmethod
    def about(cls, interaction_id: str) -> "Cause":
        """Return the beginning of what concerns one interaction: its journey has one id."""
        return cls(uuid5(_JOURNEYS, interaction_id))


class Envelope(BaseModel, Generic[C]):
    """A contract plus what is needed to trace, order and de-duplicate it.

    `correlation_id` is shared by everything that follows from one mail or one request;
    `causation_id` is the id of the message that led to this one.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: UUID = Field(default_factory=uuid4)
    correlation_id: UUID
    causation_id: UUID | None = None
    occurred_at: datetime
    body: SerializeAsAny[C]

    @property
    def cause(self) -> Cause:
        """What the messages that follow from this one carry."""
        return Cause(self.correlation_id, self.id)
