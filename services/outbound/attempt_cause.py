"""The cause of the events that the end of an attempt leads to. Pure."""

from typing import Final
from uuid import UUID, uuid5

from shared.contracts.envelope import Cause
from shared.domain.deliveries.delivery import Delivery

_ATTEMPTS: Final = UUID("5a7c1c0e-6b1b-4f0e-9a53-0f5d1c3f7a42")
"""The namespace of the ids that stand for the end of an attempt."""


def cause_of(delivery: Delivery) -> Cause:
    """Return the cause of the events about the attempt's end; the same in every process.

    Its id replaces that of the command, because any later command may find an attempt whose end
    has not been published, and the interaction must change once.
    """
    name = f"{delivery.message_id} {delivery.attempt} {delivery.state}"
    return Cause(UUID(delivery.correlation_id), uuid5(_ATTEMPTS, name))
