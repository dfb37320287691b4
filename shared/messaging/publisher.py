"""The one way onto the broker: persistent, confirmed, with a deadline, on its own connection."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Final, cast

import aio_pika
from aio_pika.abc import AbstractRobustChannel, AbstractRobustConnection, FieldValue
from aio_pika.exceptions import AMQPError, PublishError
from aiormq import Channel, spec

from shared.contracts.envelope import JOURNALED
from shared.contracts.outgoing import Outgoing
from shared.domain.errors import Unavailable
from shared.messaging.permissions import BrokerRights
from shared.messaging.recent import RecentMessages
from shared.messaging.upkeep import Upkeep

_OTHER_KEYS: Final = "BCC"
"""RabbitMQ's sender-selected distribution; it takes the header off again."""

_DEADLINE: Final = timedelta(seconds=10)
_DOUBTED_SECONDS: Final = 5.0
"""So long after a message that was not confirmed the broker counts as away."""
_CONNECTION_FAULTS: Final = (AMQPError, ConnectionError, TimeoutError, RuntimeError)


class BrokerUnavailableError(Unavailable):
    """The broker did not confirm the message in time; it may have it all the same."""


class UnroutableError(Unavailable):
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
    instead of waiting for the socket one by one, at three quarters of the time.
    """

    def __init__(self, channel: AbstractRobustChannel) -> None:
        self._channel = channel
        self._unconfirmed_at = -math.inf
        self._recent = RecentMessages()
        self._upkeep: Upkeep | None = None

    def follow(self, upkeep: Upkeep) -> None:
        """From now on publish only where everything is in place."""
        self._upkeep = upkeep

    def queue_is_lost(self) -> None:
        """Have what is missing made again soon."""
        if self._upkeep is not None:
            self._upkeep.look_again()

    def is_open(self) -> bool:
        """Say whether the broker seems to take messages now."""
        if time.monotonic() - self._unconfirmed_at < _DOUBTED_SECONDS:
            return False
        return not self._channel.is_closed

    async def publish(self, message: Outgoing, *, deadline: timedelta = _DEADLINE) -> None:
        """Return once a majority of brokers hold the message.

        What is told to pods need not be routable: whoever does not hear it reads the journal.

        Raises:
            UnroutableError: No queue takes the message.
            BrokerUnavailableError: No confirm within `deadline`, or something is missing behind
                the exchange.
        """
        if self._upkeep is not None and not self._upkeep.takes(message.exchange):
            raise BrokerUnavailableError(
                f"not published to {message.exchange}: {self._upkeep.problem()}"
            )
        await self._send(message, deadline)
        self._recent.add(message)

    async def republish(self) -> None:
        """Publish what was published lately once more, to a broker that has lost it.

        Raises:
            UnroutableError, BrokerUnavailableError: As `publish`, for the first that failed.
        """
        for message in self._recent.all():
            await self._send(message, _DEADLINE)

    async def _send(self, message: Outgoing, deadline: timedelta) -> None:
        try:
            async with asyncio.timeout(deadline.total_seconds()):
                channel = cast("Channel", await self._channel.get_underlay_channel())
                if channel.is_closed:
                    raise ConnectionError("the channel is being opened again")
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
        except _CONNECTION_FAULTS as error:
            self._unconfirmed_at = time.monotonic()
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
async def connected(url: str, *, name: str) -> AsyncIterator[AbstractRobustConnection]:
    """Connect, and reconnect for as long as the context lasts. `name` is shown by the broker."""
    connection = await aio_pika.connect_robust(
        url,
        client_properties={"connection_name": f"{name} publisher"},
        fail_fast=False,
        reconnect_interval=1,
    )
    async with connection:
        yield connection


@asynccontextmanager
async def open_publisher(url: str, *, name: str) -> AsyncIterator[Publisher]:
    """Give a publisher that asks for nothing to be in place but what each message needs."""
    async with connected(url, name=name) as connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        yield Publisher(channel)


@asynccontextmanager
async def open_service_publisher(
    url: str, *, name: str, rights: BrokerRights
) -> AsyncIterator[tuple[Publisher, Upkeep]]:
    """Give the publisher of a service, and what keeps its topology in place meanwhile.

    Both go by one connection: what was found on it holds for what is published on it.
    """
    async with connected(url, name=name) as connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        publisher = Publisher(channel)
        upkeep = Upkeep(connection, rights.queues, rights.publishes_to, publisher.republish)
        publisher.follow(upkeep)
        async with upkeep.going_on():
            yield publisher, upkeep
