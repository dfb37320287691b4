"""Takes outbound's commands off the broker."""

from collections.abc import Awaitable, Callable

from services.outbound.delivery import Deliverer
from shared.contracts.commands import DeliverMail
from shared.contracts.envelope import Envelope

Handler = Callable[[Envelope[DeliverMail]], Awaitable[None]]


def outbound_handler(delivering: Deliverer) -> Handler:
    """Return the handler of outbound's work queue."""

    async def on_command(envelope: Envelope[DeliverMail]) -> None:
        await delivering.deliver(envelope.body.interaction_id)

    return on_command
