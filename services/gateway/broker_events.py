"""This pod's share of the journal: a queue of its own, bound to the agents who listen here."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

import aio_pika
import structlog
from aio_pika.abc import (
    AbstractChannel,
    AbstractConnection,
    AbstractIncomingMessage,
    AbstractQueue,
)
from aio_pika.exceptions import AMQPError

from shared.contracts.envelope import JOURNALED

log = structlog.get_logger()

_RETRY_SECONDS: Final = 0.5
_PATIENCE_SECONDS: Final = 5
FAULTS: Final = (AMQPError, ConnectionError, TimeoutError, RuntimeError, OSError)

OnMessage = Callable[[AbstractIncomingMessage], Awaitable[None]]
OnGap = Callable[[frozenset[str]], None]


class BrokerEvents:
    """Receives what is journaled of the agents it is told to watch, over a connection of its own.

    The queue is exclusive and goes with the connection: what happens while the broker is away is
    not in it. After each reconnection `on_gap` is told for which agents something may be missing,
    once their bindings are in place again.
    """

    def __init__(self, url: str, on_message: OnMessage, on_gap: OnGap) -> None:
        self._url = url
        self._on_message = on_message
        self._on_gap = on_gap
        self._wanted: set[str] = set()
        self._bound: set[str] = set()
        self._queue: AbstractQueue | None = None
        self._is_hearing = False
        self._changing = asyncio.Lock()
        self._background: set[asyncio.Task[None]] = set()

    def is_connected(self) -> bool:
        """Say whether events arrive here now."""
        return self._is_hearing

    @property
    def watched(self) -> frozenset[str]:
        """The agents whose events are received."""
        return frozenset(self._wanted)

    def watch(self, agent_id: str) -> None:
        """Receive the events of an agent from soon on."""
        self._wanted.add(agent_id)
        self._soon(agent_id)

    def unwatch(self, agent_id: str) -> None:
        """Receive them no longer."""
        self._wanted.discard(agent_id)
        self._soon(agent_id)

    async def settled(self, agent_id: str) -> None:
        """Return once the bindings of an agent are as they should be; do nothing without broker."""
        # Not cancelled when it takes long: a channel does not outlive a cancelled request.
        task = self._soon(agent_id)
        await asyncio.wait({task}, timeout=_PATIENCE_SECONDS)
        if not task.done():
            log.warning("bindings take long to change", agent_id=agent_id)

    @asynccontextmanager
    async def receiving(self) -> AsyncIterator[None]:
        """Receive for as long as the context lasts, and reconnect however often it takes."""
        task = asyncio.create_task(self._receive_for_ever())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def _soon(self, agent_id: str) -> asyncio.Task[None]:
        task = asyncio.create_task(self._try_to_settle(agent_id))
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task

    async def _try_to_settle(self, agent_id: str) -> None:
        try:
            async with self._changing:
                if (agent_id in self._wanted) != (agent_id in self._bound):
                    await self._settle()
        except FAULTS as error:
            log.warning("bindings not changed", agent_id=agent_id, reason=type(error).__name__)

    async def _receive_for_ever(self) -> None:
        while True:
            try:
                await self._receive_once()
            except FAULTS as error:
                log.warning("no events from the broker", reason=type(error).__name__)
            await asyncio.sleep(_RETRY_SECONDS)

    async def _receive_once(self) -> None:
        connection = await aio_pika.connect(
            self._url, client_properties={"connection_name": "gateway events"}, timeout=10
        )
        async with connection:
            channel = await connection.channel(publisher_confirms=False)
            closed = closing(connection, channel)
            try:
                await self._open(channel)
                await closed
            finally:
                self._is_hearing = False
                self._queue = None

    async def _open(self, channel: AbstractChannel) -> None:
        await channel.declare_exchange(JOURNALED, "topic", durable=True)
        queue = await channel.declare_queue(exclusive=True, auto_delete=True)
        async with self._changing:
            self._queue, self._bound, missed = queue, set(), frozenset(self._wanted)
            await self._settle()
        # Unacknowledged: what is lost with the connection is read from the journal.
        await queue.consume(self._on_message, no_ack=True)
        self._is_hearing = True
        log.info("events arrive", agents=len(missed))
        self._on_gap(missed)

    async def _settle(self) -> None:
        """Make the bindings what they should be; many new ones wait for one answer of the broker.

        It does in order what comes over one channel, and an error ends the channel.
        """
        if (queue := self._queue) is None:
            return
        channel = await queue.channel.get_underlay_channel()
        if new := list(self._wanted - self._bound):
            for agent_id in new[:-1]:
                await channel.queue_bind(queue.name, JOURNALED, agent_id, nowait=True)
            await channel.queue_bind(queue.name, JOURNALED, new[-1])
            self._bound.update(new)
        for agent_id in self._bound - self._wanted:
            await channel.queue_unbind(queue.name, JOURNALED, agent_id)
            self._bound.discard(agent_id)


def closing(connection: AbstractConnection, channel: AbstractChannel) -> asyncio.Future[None]:
    """Return a future that is done when a connection or its channel ends for whatever reason."""
    closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def on_close(*_: object) -> None:
        if not closed.done():
            closed.set_result(None)

    connection.close_callbacks.add(on_close, weak=False)
    channel.close_callbacks.add(on_close, weak=False)
    return closed
