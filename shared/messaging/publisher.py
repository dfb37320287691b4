"""Publishes to the broker: persistent, confirmed, with a deadline, on its own connection."""

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
from shared.messaging.connection import CONNECTION_FAULTS, PAUSE_SECONDS, connected, in_words
from shared.messaging.permissions import BrokerRights
from shared.messaging.recent_messages import RecentMessages
from shared.messaging.topology_upkeep import TopologyUpkeep

log = structlog.get_logger()

_OTHER_KEYS: Final = "BCC"
"""Further routing keys (RabbitMQ's sender-selected distribution). The broker removes the header."""

# A request of an agent waits for it; a majority confirms in milliseconds.
_DEADLINE: Final = timedelta(seconds=10)
_DOUBTED_SECONDS: Final = 5.0
"""Seconds after an unconfirmed message in which the broker counts as away."""


class BrokerUnavailableError(Unavailable):
    """The broker did not confirm the message in time. It may have the message all the same."""


class NotPublishedError(BrokerUnavailableError):
    """The message never left this process: the broker does not have it."""


class UnroutableError(NotPublishedError):
    """No queue is bound for this message: its service never ran here, or the queue was lost."""


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
    """Publishes messages and waits for the broker's confirm.

    It uses the aiormq channel below aio-pika's. Messages that are published together then leave
    in one write instead of waiting for the socket one by one, which takes three quarters of the
    time. Without a channel the broker counts as away.
    """

    def __init__(self, channel: AbstractRobustChannel | None = None) -> None:
        self._channel = channel
        self._unconfirmed_at = -math.inf
        self._recent = RecentMessages()
        self._upkeep: TopologyUpkeep | None = None

    def require_topology(self, upkeep: TopologyUpkeep) -> None:
        """From now on publish only to exchanges whose queues are complete."""
        self._upkeep = upkeep

    def use_channel(self, channel: AbstractRobustChannel) -> None:
        """From now on publish over this channel."""
        self._channel = channel

    async def wait_until_declared(self) -> None:
        """Return once this service has declared its own part of the topology."""
        if self._upkeep is not None:
            await self._upkeep.declared()

    def queue_is_lost(self) -> None:
        """Request that the topology is declared again: a queue of it is gone."""
        if self._upkeep is not None:
            self._upkeep.look_again()

    def is_open(self) -> bool:
        """Say whether the broker seems to accept messages now."""
        if time.monotonic() - self._unconfirmed_at < _DOUBTED_SECONDS:
            return False
        return self._channel is not None and not self._channel.is_closed

    async def publish(
        self, message: Outgoing, *, deadline: timedelta = _DEADLINE, again: bool = True
    ) -> None:
        """Return once a majority of the brokers has the message.

        With `again` the message is published once more if the broker loses its data soon after.
        Messages to the journal's exchange need no queue: pods that miss one read the journal.

        Raises:
            UnroutableError: No queue takes the message.
            NotPublishedError: The broker is away, or a queue of this exchange is missing.
            BrokerUnavailableError: No confirm within `deadline`; the broker may have it.
        """
        if self._upkeep is not None and not self._upkeep.is_open(message.exchange):
            raise NotPublishedError(
                f"not published to {message.exchange}: {self._upkeep.problem()}"
            )
        await self._send(message, deadline)
        if again:
            self._recent.add(message)

    async def republish(self) -> None:
        """Publish the recent messages once more, to a broker that has lost its data.

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
                    # Only the socket is not waited for; the confirm is.
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
        """Publish messages together, in order; return when all are confirmed.

        Raises:
            UnroutableError, BrokerUnavailableError: As `publish`, for the first that failed.
        """
        if len(messages) == 1:
            await self.publish(messages[0])
            return
        await asyncio.gather(*(self.publish(message) for message in messages))


@asynccontextmanager
async def open_publisher(url: str, *, name: str) -> AsyncIterator[Publisher]:
    """Yield a publisher that does not check the topology before it publishes."""
    async with connected(url, name=f"{name} publisher") as connection:
        yield Publisher(await connection.channel(publisher_confirms=True, on_return_raises=True))


@asynccontextmanager
async def open_service_publisher(
    url: str, *, name: str, rights: BrokerRights
) -> AsyncIterator[tuple[Publisher, TopologyUpkeep]]:
    """Yield the publisher of a service, and the upkeep of its topology, without waiting.

    While the broker is away, nothing is published. Both use one connection, so that what the
    upkeep found on it holds for what is published on it.
    """
    publisher = Publisher()
    upkeep = TopologyUpkeep(rights, publisher.republish)
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
                await upkeep.run(connection)
        except CONNECTION_FAULTS as error:
            log.warning("broker went away again", reason=in_words(error))
            await asyncio.sleep(PAUSE_SECONDS)
