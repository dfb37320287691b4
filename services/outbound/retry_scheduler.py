"""Orders what is due: the next attempt of a deferred mail, the end of a lease."""

from shared.contracts.commands import DeliverMail
from shared.contracts.envelope import Cause
from shared.contracts.outgoing import wrap
from shared.domain.clock import Clock
from shared.messaging.publisher import Publisher
from shared.storage.mails.delivery_store import DeliveryStore


class RetryScheduler:
    """The sweep over all deliveries; any number of processes may do it at once."""

    def __init__(self, deliveries: DeliveryStore, publisher: Publisher, clock: Clock) -> None:
        self._deliveries = deliveries
        self._publisher = publisher
        self._clock = clock

    async def request_due_attempts(self) -> None:
        """Order every delivery whose time has come. An order that is lost is given again.

        Raises:
            Unavailable: Broker or database do not answer.
        """
        async for delivery_id, cause in self._deliveries.request_due_attempts():
            await self.request_attempt(delivery_id, cause)

    async def request_attempt(self, delivery_id: str, cause: Cause) -> None:
        """Have somebody look at a delivery.

        Raises:
            Unavailable: The broker does not answer.
        """
        order = DeliverMail(interaction_id=delivery_id)
        await self._publisher.publish(wrap(order, cause, self._clock.now()))
