"""Changes the interaction of a mail by the outcome of its delivery. Pure."""

from collections.abc import Callable
from dataclasses import replace

from shared.contracts.events import (
    DeliveryDeferred,
    DeliveryFailed,
    DeliveryTrouble,
    DeliveryUncertain,
    MailSent,
)
from shared.domain.deliveries.delivery import Delivery, DeliveryState
from shared.domain.errors import OperationNotAllowedError
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import Operation, State
from shared.storage.interactions.interaction_store import Change

_Outcome = MailSent | DeliveryTrouble


def interaction_change(delivery: Delivery) -> Callable[[Interaction], Change] | None:
    """Return the function that changes the interaction, or None while the attempt has no outcome.

    The function raises `OperationNotAllowedError` if the interaction is not being sent.
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


def _told(after: Interaction, delivery: Delivery, event: type[_Outcome]) -> Change:
    """Return a change with its event for the author; nobody has written automatic mail."""
    if not delivery.agent_id:
        return Change(after)
    return Change(after, [event.of(after, delivery.agent_id, reason=delivery.reason)])


def _sent(before: Interaction, delivery: Delivery) -> Change:
    return _told(before.after(Operation.DELIVER), delivery, MailSent)


def _failed(before: Interaction, delivery: Delivery) -> Change:
    step = Operation.GIVE_UP if delivery.is_automatic else Operation.FAIL
    return _told(before.after(step), delivery, DeliveryFailed)


def _uncertain(before: Interaction, delivery: Delivery) -> Change:
    return _told(before.after(Operation.DOUBT), delivery, DeliveryUncertain)


def _deferred(before: Interaction, delivery: Delivery) -> Change:
    if before.state is not State.SENDING:
        raise OperationNotAllowedError(f"interaction {before.id} is not being sent")
    after = replace(before, version=before.version + 1)
    return _told(after, delivery, DeliveryDeferred)
