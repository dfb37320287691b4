"""The one way onto the broker: persistent, confirmed, with a deadline, on its own connection."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Final, NoReturn, cast

import aio_pika
import structlog
from aio_pika.abc import AbstractRobustChannel, FieldValue
from aio_pika.exceptions import PublishError
from aiormq import Channel, spec

from shared.background_tasks import cancel_and_wait
from shared.contracts.envelope import JOURNALED
from shared.contracts.outgoing import Outgoing
from shared.domain.errors import Unavailable
from shared.messaging.connection import CONNECTION_FAULTS, connected, in_words
from shared.messaging.permissions import BrokerRights
from shared.messaging.recent_messages import RecentMessages
from shared.messaging.topology_upkeep import TopologyUpkeep

log = structlog.get_logger()

_OTHER_KEYS: Final = "BCC"
"""RabbitMQ's sender-selected distribution; it takes the header off again."""

_DEADLINE: Final = timedelta(seconds=10)
_DOUBTED_SECONDS: Final = 5.0
"""So long after a message that was not confirmed the broker counts as away."""
_PAUSE_SECONDS: Final = 1.0


class BrokerUnavailableError(Unavailable):
    """The broker did not confirm the message in time; it may have it all the same."""


class NotPublishedError(BrokerUnavailableError):
    """The message never left this process: the broker does not have it."""


class UnroutableError(NotPublishedError):
    """No queue is bound for this message: its owner has never run here, or lost it."""


def _properties(message: Outgoing) -> spec.Basic.Properties:
    headers: dict[str, FieldValue] = dict(message.headers or {})
    if message.other_keys:
        headers[_OTHER_KEYS] = list(message.other_keys)
    return spec.Basic.Properties(
        content_type=message.content_type,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=message.id,
        timestamp=datetime.now(UTC),
        correlation_id=message.correlation_id or None,
        headers=headers,
    )


class Publisher:
    """Puts messages on the broker and knows that they are there.

    It speaks to the channel below aio-pika's: what is published together then leaves in one write
    instead of waiting for the socket one by one, at three quarters of the time. Without a channel
    the broker counts as away.
    """

    def __init__(self, channel: AbstractRobustChannel | None = None) -> None:
        self._channel = channel
        self._unconfirmed_at = -math.inf
        self._recent = RecentMessages()
        self._upkeep: TopologyUpkeep | None = None

    def require_topology(self, upkeep: TopologyUpkeep) -> None:
        """From now on publish only where everything is in place."""
        self._upkeep = upkeep

    def use_channel(self, channel: AbstractRobustChannel) -> None:
        """From now on publish over a channel."""
        self._channel = channel

    async def wait_until_declared(self) -> None:
        """Return once everything was there that this service makes at the broker itself."""
        if self._upkeep is not None:
            await self._upkeep.declared()

    def queue_is_lost(self) -> None:
        """Have what is missing made again soon."""
        if self._upkeep is not None:
            self._upkeep.look_again()

    def is_open(self) -> bool:
        """Say whether the broker seems to take messages now."""
        if time.monotonic() - self._unconfirmed_at < _DOUBTED_SECONDS:
            return False
        return self._channel is not None and not self._channel.is_closed

    async def publish(
        self, message: Outgoing, *, deadline: timedelta = _DEADLINE, again: bool = True
    ) -> None:
        """Return once a majority of brokers hold the message.

        With `again` it is published once more to a broker that has lost its data.

        What is told to pods need not be routable: whoever does not hear it reads the journal.

        Raises:
            UnroutableError: No queue takes the message.
            NotPublishedError: The broker is away, or something is missing behind the exchange.
            BrokerUnavailableError: No confirm within `deadline`.
        """
        if self._upkeep is not None and not self._upkeep.takes(message.exchange):
            raise NotPublishedError(
                f"not published to {message.exchange}: {self._upkeep.problem()}"
            )
        await self._send(message, deadline)
        if again:
            self._recent.add(message)

    async def republish(self) -> None:
        """Publish what was published lately once more, to a broker that has lost it.

        Raises:
            UnroutableError, BrokerUnavailableError: As `publish`, for the first that failed.
        """
        for message in self._recent.all():
            await self._send(message, _DEADLINE)

    async def _send(self, message: Outgoing, deadline: timedelta) -> None:
        has_left = False
        try:
            async with asyncio.timeout(deadline.total_seconds()):
                if self._channel is None:
                    raise ConnectionError("the broker was not there yet")
                channel = cast("Channel", await self._channel.get_underlay_channel())
                if channel.is_closed:
                    raise ConnectionError("the channel is being opened again")
                has_left = True
                await channel.basic_publish(
                    message.body,
                    exchange=message.exchange,
                    routing_key=message.routing_key,
                    properties=_properties(message),
                    mandatory=message.exchange != JOURNALED,
                    wait=False,
                )
        except PublishError as error:
            self.queue_is_lost()
            raise UnroutableError(f"nobody takes {message.routing_key}") from error
        except CONNECTION_FAULTS as error:
            self._unconfirmed_at = time.monotonic()
            if not has_left:
                raise NotPublishedError(f"no broker for {message.routing_key}") from error
            raise BrokerUnavailableError(f"no confirm for {message.routing_key}") from error

    async def publish_all(self, messages: Sequence[Outgoing]) -> None:
        """Publish together, in order, and return when all are confirmed.

        Raises:
            UnroutableError, BrokerUnavailableError: As `publish`, for the first that failed.
        """
        if len(messages) == 1:
            await self.publish(messages[0])
            return
        await asyncio.gather(*(self.publish(message) for message in messages))


@asynccontextmanager
async def open_publisher(url: str, *, name: str) -> AsyncIterator[Publisher]:
    """Give a publisher that asks for nothing to be in place but what each message needs."""
    async with connected(url, name=f"{name} publisher") as connection:
        yield Publisher(await connection.channel(publisher_confirms=True, on_return_raises=True))


@asynccontextmanager
async def open_service_publisher(
    url: str, *, name: str, rights: BrokerRights
) -> AsyncIterator[tuple[Publisher, TopologyUpkeep]]:
    """Give the publisher of a service at once, and what keeps its topology in place meanwhile.

    The broker may be away: until it is there, nothing is published. Both go by one connection:
    what was found on it holds for what is published on it.
    """
    publisher = Publisher()
    upkeep = TopologyUpkeep(rights.queues, rights.publishes_to, publisher.republish)
    publisher.require_topology(upkeep)
    task = asyncio.create_task(_stay_connected(url, name, publisher, upkeep))
    try:
        yield publisher, upkeep
    finally:
        await cancel_and_wait({task})


async def _stay_connected(
    url: str, name: str, publisher: Publisher, upkeep: TopologyUpkeep
) -> NoReturn:
    while True:
        try:
            async with connected(url, name=f"{name} publisher") as connection:
                channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
                publisher.use_channel(channel)
                await upkeep.keep(connection)
        except CONNECTION_FAULTS as error:
            log.warning("broker went away again", reason=in_words(error))
            await asyncio.sleep(_PAUSE_SECONDS)
