"""A message ready for the broker: serialised once, its id chosen before the first try."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from shared.contracts.envelope import Cause, Contract, Envelope

_Wrapping = Envelope[Contract]
"""Kept by name: pydantic makes the class anew, in a millisecond, when nobody holds it."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Bytes on their way to routing keys of an exchange; `""` is the broker's default one.

    With `other_keys` it goes to them as well, and comes once to a queue that several lead to.
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
    """Put a contract into its envelope, under a new id unless one is given."""
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
