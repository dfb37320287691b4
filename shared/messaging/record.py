"""A record kept in the broker, for data that must survive a restore of the database."""

import asyncio
import secrets
from contextlib import suppress
from typing import Final

import aio_pika
import structlog
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue
from aiormq.exceptions import (
    AMQPChannelError,
    ConnectionInternalError,
    ConnectionNotImplemented,
)
from pamqp.common import Arguments

from shared.contracts.outgoing import Outgoing
from shared.messaging.connection import CONNECTION_FAULTS, in_words
from shared.messaging.publisher import Publisher, UnroutableError
from shared.messaging.topology import WorkQueue

log = structlog.get_logger()

_ARGUMENTS: Final[Arguments] = {
    "x-queue-type": "stream",
    "x-max-length-bytes": 200_000,
    "x-stream-max-segment-size-bytes": 100_000,
}
"""A stream has any number of readers and removes nothing on reading. It keeps about an hour."""

# Streams deliver only to consumers with a prefetch.
_READ_AT_ONCE: Final = 500
_LONGEST_LOOK_SECONDS: Final = 20.0
_PAUSE_SECONDS: Final = 1.0


# As many seconds as a broker takes to restart.
_MOST_REFUSALS: Final = 30
_REFUSALS: Final = (AMQPChannelError, ConnectionInternalError, ConnectionNotImplemented)


class _NoStreamsError(Exception):
    """The broker is too old for streams, or they are switched off."""


class BrokerRecord:
    """The newest entries that the processes of one service left, in a stream beside its queue."""

    def __init__(self, url: str, queue: WorkQueue, publisher: Publisher, *, name: str) -> None:
        self._url = url
        self._exchange = queue.retries
        self._stream = f"{queue.name}.record"
        self._publisher = publisher
        self._name = name
        self._has_streams = True

    async def append(self, words: bytes) -> None:
        """Append an entry.

        Raises:
            Unavailable: The broker does not accept it.
        """
        if not self._has_streams:
            return
        message = Outgoing(secrets.token_hex(16), self._exchange, self._stream, words)
        try:
            await self._publisher.publish(message, again=False)
        except UnroutableError:
            # The stream was deleted, or the broker has lost its data. Reading declares it again.
            with suppress(TimeoutError):
                async with asyncio.timeout(_LONGEST_LOOK_SECONDS):
                    await self.last()
            await self._publisher.publish(message, again=False)

    async def last(self) -> list[bytes]:
        """Return the entries that are kept, oldest first; wait for the broker.

        A broker without streams keeps none; a warning is logged and the list is empty.
        """
        refusals = 0
        while refusals < _MOST_REFUSALS:
            await self._publisher.wait_until_declared()
            try:
                async with asyncio.timeout(_LONGEST_LOOK_SECONDS):
                    return await self._read()
            except _NoStreamsError as error:
                log.warning("broker keeps no record", stream=self._stream, reason=str(error))
                self._has_streams = False
                return []
            except AMQPChannelError as error:
                # A node of a cluster that has no replica of the stream: another one may have it.
                refusals += 1
                log.warning("record not read yet", stream=self._stream, reason=in_words(error))
            except CONNECTION_FAULTS as error:
                log.warning("record not read yet", stream=self._stream, reason=in_words(error))
            await asyncio.sleep(_PAUSE_SECONDS)
        log.error(
            "record not read: a restored backup is only known by `mailroom restored`",
            stream=self._stream,
        )
        return []

    async def _read(self) -> list[bytes]:
        connection = await aio_pika.connect(
            self._url, client_properties={"connection_name": f"{self._name} record"}
        )
        async with connection:
            channel = await connection.channel()
            await channel.set_qos(_READ_AT_ONCE)
            try:
                stream = await channel.declare_queue(
                    self._stream, durable=True, arguments=_ARGUMENTS
                )
            except _REFUSALS as error:
                raise _NoStreamsError(in_words(error)) from error
            await stream.bind(self._exchange, self._stream)
            return await self._read_to_the_end(channel, stream)

    async def _read_to_the_end(
        self, channel: AbstractChannel, stream: AbstractQueue
    ) -> list[bytes]:
        """Read up to a mark that is published now, because a stream does not say where it ends."""
        mark, found = secrets.token_hex(16), []
        at_the_end = asyncio.Event()

        async def note(message: AbstractIncomingMessage) -> None:
            if message.message_id == mark:
                at_the_end.set()
            elif message.body and not at_the_end.is_set():
                found.append(message.body)
            await message.ack()

        exchange = await channel.get_exchange(self._exchange, ensure=False)
        end = aio_pika.Message(b"", message_id=mark, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await exchange.publish(end, self._stream)
        await stream.consume(note, arguments={"x-stream-offset": "first"})
        await at_the_end.wait()
        return found
