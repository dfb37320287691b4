"""Publishes a command for each delivery that is due: a next attempt, or a lease that ended."""

from shared.contracts.commands import DeliverMail
from shared.contracts.envelope import Cause
from shared.contracts.outgoing import wrap
from shared.domain.clock import Clock
from shared.messaging.publisher import Publisher
from shared.storage.mails.delivery_store import DeliveryStore


class RetryScheduler:
    """The sweep over all deliveries. Any number of processes may run it at the same time."""

    def __init__(self, deliveries: DeliveryStore, publisher: Publisher, clock: Clock) -> None:
        self._deliveries = deliveries
        self._publisher = publisher
        self._clock = clock

    async def request_due_attempts(self) -> None:
        """Publish a command for every delivery that is due; a later sweep repeats a lost one.

        Raises:
            Unavailable: Broker or database do not answer.
        """
        async for delivery_id, cause in self._deliveries.request_due_attempts():
            await self.request_attempt(delivery_id, cause)

    async def request_attempt(self, delivery_id: str, cause: Cause) -> None:
        """Publish the command that makes, or finishes, an attempt.

        Raises:
            Unavailable: The broker does not answer.
        """
        order = DeliverMail(interaction_id=delivery_id)
        await self._publisher.publish(wrap(order, cause, self._clock.now()))
