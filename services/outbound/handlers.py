"""The handler of outbound's commands."""

from collections.abc import Awaitable, Callable

from services.outbound.delivery import Deliverer
from shared.contracts.commands import DeliverMail
from shared.contracts.envelope import Envelope

Handler = Callable[[Envelope[DeliverMail]], Awaitable[None]]


def outbound_handler(deliverer: Deliverer) -> Handler:
    """Return the handler of outbound's work queue."""

    async def on_command(envelope: Envelope[DeliverMail]) -> None:
        await deliverer.deliver(envelope.body.interaction_id)

    return on_command
