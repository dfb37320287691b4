"""The operator's connection to the broker: one attempt, with errors in plain words."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from aio_pika import Connection
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import AMQPError, ChannelNotFoundEntity
from yarl import URL

from services.console.exit_codes import Exit, NotPossibleError
from shared.messaging.connection import in_words, why_unreachable

# A person waits at the terminal, so a server that is away is reported soon.
_DEADLINE_SECONDS: Final = 5
_FAULTS: Final = (AMQPError, OSError, TimeoutError, ValueError)


@dataclass(frozen=True, slots=True)
class QueueCount:
    """The counts of a queue; `messages` are those that no consumer holds."""

    messages: int
    consumers: int


@asynccontextmanager
async def open_connection(url: str) -> AsyncIterator[AbstractConnection]:
    """Connect once.

    Raises:
        NotPossibleError: The address is wrong, the broker does not answer or refuses the login,
            or it refuses an operation on the connection.
    """
    connection = Connection(
        _checked(url), client_properties={"connection_name": "mailroom console"}
    )
    try:
        await connection.connect(timeout=_DEADLINE_SECONDS)
    except _FAULTS as error:
        raise NotPossibleError(
            f"the broker cannot be reached: {why_unreachable(error, url)}", Exit.UNAVAILABLE
        ) from None
    finally:
        if not connection.connected.is_set():
            await connection.close()
    async with connection:
        try:
            yield connection
        except AMQPError as error:
            raise NotPossibleError(
                f"the broker refuses: {in_words(error)}", Exit.UNAVAILABLE
            ) from None


def _checked(url: str) -> URL:
    try:
        address = URL(url)
    except ValueError:
        address = URL()
    if address.scheme not in ("amqp", "amqps") or not address.host:
        raise NotPossibleError(
            "RABBITMQ_URL is no address such as amqp://user:password@localhost:5672/",
            Exit.MISCONFIGURED,
        )
    return address


def version_of(connection: AbstractConnection) -> str:
    """Return the product and version that the broker sent when the connection was opened."""
    transport = connection.transport
    properties = transport.connection.server_properties if transport else {}
    return " ".join(_text(properties.get(name)) for name in ("product", "version"))


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value or "?")


async def count(connection: AbstractConnection, queue: str) -> QueueCount | None:
    """Return the counts of a queue, or None if there is no such queue."""
    # It uses a channel of its own, because the broker closes the channel if the queue is missing.
    channel = await connection.channel()
    try:
        declared = (await channel.declare_queue(queue, passive=True)).declaration_result
    except ChannelNotFoundEntity:
        return None
    await channel.close()
    return QueueCount(declared.message_count or 0, declared.consumer_count or 0)
