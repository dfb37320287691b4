"""`mailroom replay`: shows what was parked, and puts it back to work."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from aio_pika.abc import AbstractIncomingMessage

from services.console.broker import count, open_connection
from services.console.exits import Exit, NotPossibleError
from services.console.settings import read_settings
from shared.contracts.outgoing import Outgoing
from shared.messaging.publisher import Publisher, open_publisher
from shared.messaging.retries import ATTEMPT, REASON
from shared.messaging.topology import WORK_QUEUES, WorkQueue

_DELIVERY_COUNT: Final = "x-delivery-count"
_MANY_RETURNS: Final = 10
"""From RabbitMQ 4 on, a message that was taken and given back 20 times is thrown away."""


@dataclass(frozen=True, slots=True)
class ParkedMessage:
    """What an operator is told of a message; never what it carries."""

    id: str
    type: str
    reason: str
    attempts: int
    parked_at: str

    def __str__(self) -> str:
        tried = f", tried {self.attempts} times" if self.attempts else ""
        return f"{self.id}  {self.parked_at}  {self.type}{tried}: {self.reason}"


def queue_named(name: str) -> WorkQueue:
    """Return a work queue by its name, or by the name of its service.

    Raises:
        NotPossibleError: There is none; the known ones are named.
    """
    for queue in WORK_QUEUES:
        if name in (queue.service, queue.name, queue.parking):
            return queue
    known = ", ".join(queue.name for queue in WORK_QUEUES)
    raise NotPossibleError(f"there is no work queue {name}; there are {known}", Exit.USAGE)


async def show_parked(queue: WorkQueue, *, message_id: str | None, limit: int | None) -> None:
    """Print one line for each parked message; all of them stay where they are."""
    async with _parked(read_settings().rabbitmq_url, queue) as (messages, _):
        chosen = _choose(messages, message_id, limit)
        print("\n".join(str(describe(one)) for one in chosen) or f"nothing parked by {queue.name}")


async def replay(queue: WorkQueue, *, message_id: str | None, limit: int | None) -> None:
    """Put parked messages back on their work queue, oldest first, and print how many.

    Raises:
        NotPossibleError: The message that was asked for is not there, or the broker refuses.
    """
    async with _parked(read_settings().rabbitmq_url, queue) as (messages, publisher):
        chosen = _choose(messages, message_id, limit)
        if message_id and not chosen:
            raise NotPossibleError(f"{queue.parking} holds no message {message_id}", Exit.NOT_FINE)
        for message in chosen:
            # The copy first: a crash in between repeats the message and never loses it.
            await publisher.publish(_copy(message, queue.name, {}))
            await message.ack()
    print(f"{len(chosen)} of {len(messages)} parked messages put back on {queue.name}")


@asynccontextmanager
async def _parked(
    url: str, queue: WorkQueue
) -> AsyncIterator[tuple[Sequence[AbstractIncomingMessage], Publisher]]:
    """Hold everything that is parked now; at the end, what is not acknowledged goes back."""
    async with open_connection(url) as connection, open_publisher(url, name="console") as publisher:
        there = await count(connection, queue.parking)
        if there is None:
            raise NotPossibleError(
                f"the broker has no queue {queue.parking}: run `mailroom apply FILE`",
                Exit.UNAVAILABLE,
            )
        channel = await connection.channel()
        parking = await channel.get_queue(queue.parking, ensure=False)
        taken = [await parking.get(fail=False) for _ in range(there.messages)]
        messages = [message for message in taken if message is not None]
        yield messages, publisher
        for message in messages:
            if not message.processed and _returns(message) >= _MANY_RETURNS:
                await publisher.publish(_copy(message, queue.parking, _notes(message)))
                await message.ack()
        await channel.close()


def describe(message: AbstractIncomingMessage) -> ParkedMessage:
    """Return what an operator is told of a parked message, whoever parked it."""
    death = _death(message)
    reason = message.headers.get(REASON) or f"parked by the broker ({death.get('reason', '?')})"
    attempts = message.headers.get(ATTEMPT)
    parked_at = death.get("time") or message.timestamp
    return ParkedMessage(
        id=message.message_id or "(no id)",
        type=_type(message.body),
        reason=str(reason),
        attempts=attempts if isinstance(attempts, int) else 0,
        parked_at=f"{parked_at:%Y-%m-%d %H:%M:%S} UTC" if isinstance(parked_at, datetime) else "?",
    )


def _death(message: AbstractIncomingMessage) -> Mapping[str, object]:
    """Return what the broker noted when it parked the message itself; empty if it did not."""
    deaths = message.headers.get("x-death")
    last = (
        deaths[0] if isinstance(deaths, list) and deaths and REASON not in message.headers else {}
    )
    return last if isinstance(last, Mapping) else {}


def _type(body: bytes) -> str:
    try:
        return str(json.loads(body)["body"]["type"])
    except (ValueError, LookupError, TypeError):
        return "(not a message of ours)"


def _choose(
    messages: Sequence[AbstractIncomingMessage], message_id: str | None, limit: int | None
) -> list[AbstractIncomingMessage]:
    return [one for one in messages if message_id in (None, one.message_id)][:limit]


def _copy(
    message: AbstractIncomingMessage, routing_key: str, headers: Mapping[str, str | int]
) -> Outgoing:
    return Outgoing(
        message.message_id or "",
        "",
        routing_key,
        message.body,
        message.correlation_id or "",
        headers,
    )


def _returns(message: AbstractIncomingMessage) -> int:
    returns = message.headers.get(_DELIVERY_COUNT)
    return returns if isinstance(returns, int) else 0


def _notes(message: AbstractIncomingMessage) -> dict[str, str | int]:
    """Return what was noted when the message was parked, to keep it with a fresh copy."""
    told = describe(message)
    return {ATTEMPT: told.attempts, REASON: told.reason}
