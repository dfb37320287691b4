"""What the author's interaction becomes when its delivery has got somewhere. Pure."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final
from uuid import UUID, uuid5

from shared.contracts.envelope import Cause
from shared.contracts.events import (
    DeliveryDeferred,
    DeliveryFailed,
    DeliveryUncertain,
    MailSent,
)
from shared.domain.delivery import Delivery, DeliveryState
from shared.domain.errors import OperationNotAllowedError
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import Operation, State
from shared.storage.interactions.interaction_store import Change

_ATTEMPTS: Final = UUID("5a7c1c0e-6b1b-4f0e-9a53-0f5d1c3f7a42")
"""The namespace of the ids that stand for the end of an attempt."""


def cause_of(delivery: Delivery) -> Cause:
    """Return what the end of the present attempt causes under, the same whoever tells it.

    It takes the place of the command's id: any command may find the attempt ended and untold.
    """
    name = f"{delivery.message_id} {delivery.attempt} {delivery.state}"
    return Cause(UUID(delivery.correlation_id), uuid5(_ATTEMPTS, name))


def outcome_event(delivery: Delivery) -> Callable[[Interaction], Change] | None:
    """Return the decision about the interaction, or None where there is nothing to tell yet.

    The decision raises `OperationNotAllowedError` where the interaction is not being sent.
    """
    match delivery.state:
        case DeliveryState.SENT:
            return lambda before: _sent(before, delivery)
        case DeliveryState.DEFERRED:
            return lambda before: _deferred(before, delivery)
        case DeliveryState.FAILED:
            return lambda before: _failed(before, delivery)
        case DeliveryState.UNCERTAIN:
            return lambda before: _uncertain(before, delivery)
    return None


def _sent(before: Interaction, delivery: Delivery) -> Change:
    after = before.after(Operation.DELIVER)
    return Change(after, [MailSent.of(after, delivery.agent_id, reason=delivery.reason)])


def _failed(before: Interaction, delivery: Delivery) -> Change:
    after = before.after(Operation.FAIL)
    return Change(after, [DeliveryFailed.of(after, delivery.agent_id, reason=delivery.reason)])


def _uncertain(before: Interaction, delivery: Delivery) -> Change:
    after = before.after(Operation.DOUBT)
    return Change(after, [DeliveryUncertain.of(after, delivery.agent_id, reason=delivery.reason)])


def _deferred(before: Interaction, delivery: Delivery) -> Change:
    if before.state is not State.SENDING:
        raise OperationNotAllowedError(f"interaction {before.id} is not being sent")
    after = replace(before, version=before.version + 1)
    return Change(after, [DeliveryDeferred.of(after, delivery.agent_id, reason=delivery.reason)])
