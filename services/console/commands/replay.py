"""`mailroom replay` and `discard`: shows parked messages, puts them back or discards them."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from aio_pika.abc import AbstractIncomingMessage

from services.console.broker.connection import count, open_connection
from services.console.exit_codes import Exit, NotPossibleError
from services.console.settings import ConsoleSettings, read_settings
from services.console.store import connected_database
from shared.contracts.outgoing import Outgoing
from shared.domain.clock import SystemClock
from shared.messaging.parking import attempts_of, reason_of
from shared.messaging.publisher import Publisher, open_publisher
from shared.messaging.retries import ATTEMPT, MAX_ATTEMPTS, REASON
from shared.messaging.topology import WORK_QUEUES, WorkQueue
from shared.runtime.parked_messages import to_parked
from shared.storage.parked_messages import ParkedMessage, ParkedStore

_DELIVERY_COUNT: Final = "x-delivery-count"
_MANY_RETURNS: Final = 10
"""RabbitMQ drops a message after 20 returns (since version 4), so one is replaced well before."""

_MOST_REASONS: Final = 10


def queue_named(name: str) -> WorkQueue:
    """Return a work queue by its name, or by the name of its service.

    Raises:
        NotPossibleError: There is none; the message lists the queues.
    """
    for queue in WORK_QUEUES:
        if name in (queue.service, queue.name, queue.parking):
            return queue
    known = ", ".join(queue.name for queue in WORK_QUEUES)
    raise NotPossibleError(f"there is no work queue {name}; there are {known}", Exit.USAGE)


async def show_parked(queue: WorkQueue, *, message_id: str | None, limit: int | None) -> None:
    """Print one line for each parked message. All stay parked."""
    async with _parked(read_settings(), queue) as parked:
        chosen = _select(parked.messages, message_id, limit)
        print("\n".join(describe(one) for one in chosen) or f"nothing parked by {queue.name}")


async def discard(queue: WorkQueue, message_id: str, reason: str) -> None:
    """Discard a parked message; record it with the reason in the database.

    Raises:
        NotPossibleError: There is no such message.
    """
    async with _parked(read_settings(), queue) as parked:
        chosen = _select(parked.messages, message_id, None)
        if not chosen:
            raise _not_there(queue, message_id)
        for message in chosen:
            await parked.discard(message, reason)
            print(f"thrown away: {describe(message)}")


async def replay(queue: WorkQueue, *, message_id: str | None, limit: int | None) -> None:
    """Put parked messages back on their work queue, oldest first, and print how many.

    Raises:
        NotPossibleError: There is no message of that id, or the broker refuses.
    """
    async with _parked(read_settings(), queue) as parked:
        chosen = _select(parked.messages, message_id, limit)
        if message_id and not chosen:
            raise _not_there(queue, message_id)
        for words in replay_notes(chosen):
            print(words)
        for message in chosen:
            await parked.put_back(message)
    print(f"{len(chosen)} of {len(parked.messages)} parked messages put back on {queue.name}")


@dataclass(frozen=True, slots=True)
class _ParkedMessages:
    """The parked messages of a work queue, in the database or, not moved yet, in the broker."""

    queue: WorkQueue
    store: ParkedStore
    publisher: Publisher
    kept: Sequence[ParkedMessage]
    in_broker: Mapping[str, AbstractIncomingMessage]

    @property
    def messages(self) -> list[ParkedMessage]:
        """All of them, oldest first."""
        return [*self.kept, *(to_parked(self.queue, one) for one in self.in_broker.values())]

    async def put_back(self, message: ParkedMessage) -> None:
        """Publish the copy first: a crash in between repeats the message and never loses it."""
        await self.publisher.publish(
            Outgoing(
                message.message_id, "", self.queue.name, message.body, message.correlation_id, {}
            )
        )
        await self.store.forget(message)
        if delivered := self.in_broker.get(message.key):
            await delivered.ack()

    async def discard(self, message: ParkedMessage, reason: str) -> None:
        """Record the message first: after a crash in between it is recorded and still parked."""
        await self.store.discard(message, reason)
        if delivered := self.in_broker.get(message.key):
            await delivered.ack()


@asynccontextmanager
async def _parked(settings: ConsoleSettings, queue: WorkQueue) -> AsyncIterator[_ParkedMessages]:
    """Take all parked messages; at the end, those that were not acknowledged return."""
    async with (
        connected_database(settings.mongodb_url) as database,
        open_connection(settings.rabbitmq_url) as connection,
        open_publisher(settings.rabbitmq_url, name="console") as publisher,
    ):
        there = await count(connection, queue.parking)
        if there is None:
            raise NotPossibleError(
                f"the broker has no queue {queue.parking}: run `mailroom apply FILE`",
                Exit.UNAVAILABLE,
            )
        channel = await connection.channel()
        parking = await channel.get_queue(queue.parking, ensure=False)
        taken = [await parking.get(fail=False) for _ in range(there.messages)]
        in_broker = [message for message in taken if message is not None]
        store = ParkedStore(database, SystemClock())
        by_key = {to_parked(queue, one).key: one for one in in_broker}
        kept = [one for one in await store.of(queue.name) if one.key not in by_key]
        yield _ParkedMessages(queue, store, publisher, kept, by_key)
        for message in in_broker:
            if not message.processed and _returns(message) >= _MANY_RETURNS:
                await publisher.publish(_copy(message, queue.parking, _notes(message)))
                await message.ack()
        await channel.close()


def replay_notes(messages: Sequence[ParkedMessage]) -> list[str]:
    """Return lines that say what is done again, and which messages will likely be parked again."""
    types = Counter(_type(one.body) for one in messages)
    lines = [f"{count} times {kind}" for kind, count in sorted(types.items())]
    again = Counter(one.reason for one in messages if is_lasting(one))
    return [f"is done again: {line}" for line in lines] + [
        f"note: {count} were parked for: {reason}; unless that was mended they are parked again"
        for reason, count in again.most_common(_MOST_REASONS)
    ]


def is_lasting(message: ParkedMessage) -> bool:
    """Say whether the message was parked for an error, and not for too many tries."""
    return message.attempts < MAX_ATTEMPTS


def _not_there(queue: WorkQueue, message_id: str) -> NotPossibleError:
    return NotPossibleError(
        f"{queue.parking} holds no message {message_id}:"
        f" `mailroom replay {queue.service} --list` names those that it holds",
        Exit.NOT_FINE,
    )


def describe(message: ParkedMessage) -> str:
    """Return a line about a parked message, without its content."""
    at = f"{message.parked_at:%Y-%m-%d %H:%M:%S} UTC" if message.parked_at else "?"
    tried = f", tried {message.attempts} times" if message.attempts else ""
    return (
        f"{message.message_id or '(no id)'}  {at}  {_type(message.body)}{tried}: {message.reason}"
    )


def _type(body: bytes) -> str:
    try:
        return str(json.loads(body)["body"]["type"])
    except (ValueError, LookupError, TypeError):
        return "(not a message of ours)"


def _select(
    messages: Sequence[ParkedMessage], message_id: str | None, limit: int | None
) -> list[ParkedMessage]:
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
    """Return the headers that were set when the message was parked, for a fresh copy."""
    return {ATTEMPT: attempts_of(message), REASON: reason_of(message)}
