"""The broker as an operator reaches it: at once or not at all, and in words."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from aio_pika import Connection
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import AMQPError, ChannelNotFoundEntity
from aiormq.exceptions import InvalidFrameError
from yarl import URL

from services.console.exits import Exit, NotPossibleError
from services.console.management import virtual_host_of

_DEADLINE_SECONDS: Final = 5
_REPRESENTATION: Final = re.compile(r"<[A-Za-z.]+ object|\w+\(.*=")
"""What Python says of an object: no words for people."""

_FAULTS: Final = (AMQPError, OSError, TimeoutError, ValueError)


@dataclass(frozen=True, slots=True)
class QueueCount:
    """What a queue holds now; `messages` counts those that nobody works on."""

    messages: int
    consumers: int


@asynccontextmanager
async def open_connection(url: str) -> AsyncIterator[AbstractConnection]:
    """Connect once.

    Raises:
        NotPossibleError: The address is wrong, nothing answers there, it does not let us in, or
            it refuses what is done with the connection.
    """
    connection = Connection(
        _checked(url), client_properties={"connection_name": "mailroom console"}
    )
    try:
        await connection.connect(timeout=_DEADLINE_SECONDS)
    except InvalidFrameError:
        # The library forgets what the broker said when it closed the connection it was to open.
        raise _unreachable(
            f"it has no virtual host {virtual_host_of(url)}, or does not let this user in there: "
            "see the end of RABBITMQ_URL"
        ) from None
    except _FAULTS as error:
        raise _unreachable(_why(error)) from None
    finally:
        if not connection.connected.is_set():
            await connection.close()
    async with connection:
        try:
            yield connection
        except AMQPError as error:
            raise NotPossibleError(f"the broker refuses: {_why(error)}", Exit.UNAVAILABLE) from None


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
    """Return the name and version that the broker gave when it greeted us."""
    transport = connection.transport
    told = transport.connection.server_properties if transport else {}
    return " ".join(_text(told.get(name)) for name in ("product", "version"))


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value or "?")


async def count(connection: AbstractConnection, queue: str) -> QueueCount | None:
    """Return what a queue holds, or nothing where there is no such queue."""
    # A channel of its own: the broker closes it when it has no queue of that name.
    channel = await connection.channel()
    try:
        declared = (await channel.declare_queue(queue, passive=True)).declaration_result
    except ChannelNotFoundEntity:
        return None
    await channel.close()
    return QueueCount(declared.message_count or 0, declared.consumer_count or 0)


def _unreachable(why: str) -> NotPossibleError:
    return NotPossibleError(f"the broker cannot be reached: {why}", Exit.UNAVAILABLE)


def _why(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {_DEADLINE_SECONDS} seconds"
    # Some of the library's errors quote the address, and with it the password.
    texts = [one for one in error.args if isinstance(one, str) and "://" not in one]
    plain = texts and not _REPRESENTATION.search(texts[-1])
    return texts[-1] if plain else f"{type(error).__name__}, see the broker's log"
