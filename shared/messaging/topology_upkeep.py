"""Keeps a service's part of the topology in place, and knows whether all that it needs is there."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NoReturn

import structlog
from aio_pika.abc import AbstractRobustConnection
from aiormq.exceptions import AMQPError

from shared.domain.errors import Unavailable
from shared.messaging.declaration import declare, exists, passing_channel, require
from shared.messaging.topology import EXCHANGES, WORK_QUEUES, WorkQueue

log = structlog.get_logger()

_EVERY_SECONDS: Final = 5.0
_SOON_SECONDS: Final = 0.5
_LONGEST_LOOK_SECONDS: Final = 20.0
_MARKER_LASTS: Final = 3_600_000
"""Milliseconds after which the broker deletes the marker of a process that is gone."""

_NOT_YET: Final = "the broker is away, or was until a moment ago"

Republish = Callable[[], Awaitable[None]]


class TopologyUpkeep:
    """Declares again at every reconnect, whenever something may be missing, and now and then.

    A message is published only to an exchange of which is known, on the present connection, that
    everything hangs on it that has to: a broker that comes back empty takes an event whose queue
    is not there yet, and it is gone. What it took and lost with its data is published once more.
    """

    def __init__(
        self, own: Sequence[WorkQueue], publishes_to: Sequence[str], republish: Republish
    ) -> None:
        self._own = own
        self._needed = {exchange: _behind(exchange, own) for exchange in publishes_to}
        self._republish = republish
        self._open: set[str] = set()
        self._problem = _NOT_YET
        self._asked = asyncio.Event()
        self._declared = asyncio.Event()
        self.marker = f"{own[0].name}.seen-{secrets.token_hex(6)}"
        self._is_marked = False

    def takes(self, exchange: str) -> bool:
        """Say whether what is published to an exchange gets to where it has to."""
        return exchange in self._open

    def problem(self) -> str:
        """Say what is missing, and what to do about it; nothing where all is there."""
        return self._problem

    def look_again(self) -> None:
        """Declare everything soon: something may be missing."""
        self._asked.set()

    async def declared(self) -> None:
        """Return once everything was there that the service makes itself."""
        await self._declared.wait()

    async def keep(self, connection: AbstractRobustConnection) -> NoReturn:
        """Keep the topology in place, as long as nobody cancels it."""
        connection.close_callbacks.add(self._on_close)
        connection.reconnect_callbacks.add(self._on_reconnect)
        while True:
            self._asked.clear()
            await self._look(connection)
            pause = _SOON_SECONDS if self._problem else _EVERY_SECONDS
            try:
                async with asyncio.timeout(pause):
                    await self._asked.wait()
            except TimeoutError:
                continue

    async def _look(self, connection: AbstractRobustConnection) -> None:
        try:
            async with asyncio.timeout(_LONGEST_LOOK_SECONDS):
                await self._declare(connection)
                problem = await self._open_exchanges(connection)
        except TimeoutError:
            # A broker under an alarm answers nobody who publishes: what was there still is.
            log.warning("broker does not say whether everything is there")
        except (AMQPError, ConnectionError, RuntimeError, Unavailable) as error:
            self._open.clear()
            self._note(str(error) or type(error).__name__)
        else:
            self._note(problem)

    async def _declare(self, connection: AbstractRobustConnection) -> None:
        was_lost = self._is_marked and not await exists(connection, self.marker)
        if was_lost:
            log.warning("broker has lost its data: what it was given lately is published again")
        await declare(connection, self._own)
        if was_lost:
            await self._require_all(connection)
            await self._republish()
        await self._mark(connection)
        self._declared.set()

    async def _require_all(self, connection: AbstractRobustConnection) -> None:
        for queues in self._needed.values():
            for queue in queues:
                await require(connection, queue)

    async def _open_exchanges(self, connection: AbstractRobustConnection) -> str:
        """Open each exchange behind which everything is; return what is missing behind others."""
        problem = ""
        for exchange, queues in self._needed.items():
            try:
                for queue in queues:
                    await require(connection, queue)
            except Unavailable as error:
                problem = str(error)
                self._open.discard(exchange)
            else:
                self._open.add(exchange)
        return problem

    async def _mark(self, connection: AbstractRobustConnection) -> None:
        """Leave a queue by which this process knows the broker again, unlike an empty one."""
        async with passing_channel(connection) as channel:
            await channel.queue_declare(
                self.marker, durable=True, arguments={"x-expires": _MARKER_LASTS}
            )
        self._is_marked = True

    def _note(self, problem: str) -> None:
        if problem and problem != self._problem:
            log.warning("topology is not complete", problem=problem)
        elif self._problem and not problem:
            log.info("topology is complete")
        self._problem = problem

    def _on_close(self, *_: object) -> None:
        self._open.clear()
        self._problem = self._problem or _NOT_YET

    def _on_reconnect(self, *_: object) -> None:
        self._asked.set()


def _behind(exchange: str, own: Sequence[WorkQueue]) -> list[WorkQueue]:
    """Return the queues of other services that what is published to an exchange has to reach."""
    if EXCHANGES.get(exchange) == "direct":
        return []
    return [
        queue
        for queue in WORK_QUEUES
        if queue not in own and exchange in {binding.exchange for binding in queue.bindings}
    ]
