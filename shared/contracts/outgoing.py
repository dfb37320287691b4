"""A message ready to publish: serialised once, with an id that retries keep."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from shared.contracts.envelope import Cause, Contract, Envelope

_Wrapping = Envelope[Contract]
"""Kept here, because pydantic would otherwise build the class again, which takes a millisecond."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message for the routing keys of an exchange; `""` is the broker's default exchange.

    It is routed by `routing_key` and by `other_keys`. A queue that several keys lead to gets it
    once.
    """

    id: str
    exchange: str
    routing_key: str
    body: bytes
    correlation_id: str = ""
    headers: Mapping[str, str | int] | None = None
    other_keys: Sequence[str] = ()
    content_type: str = "application/json"


def wrap(
    contract: Contract, cause: Cause, now: datetime, *, message_id: UUID | None = None
) -> Outgoing:
    """Put a contract into its envelope, with a new id unless `message_id` is given."""
    envelope = _Wrapping(
        id=message_id or uuid4(),
        correlation_id=cause.correlation_id,
        causation_id=cause.message_id,
        occurred_at=now,
        body=contract,
    )
    return Outgoing(
        str(envelope.id),
        contract.exchange,
        contract.routing_key,
        envelope.model_dump_json().encode(),
        str(envelope.correlation_id),
    )
