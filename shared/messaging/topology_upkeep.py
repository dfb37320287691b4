"""Keeps a service's part of the topology declared, and checks the queues it publishes to."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NoReturn

import structlog
from aio_pika.abc import AbstractRobustConnection
from aiormq.exceptions import AMQPError

from shared.domain.errors import Unavailable
from shared.messaging.declaration import declare, exists, passing_channel, require
from shared.messaging.permissions import BrokerRights
from shared.messaging.topology import EXCHANGES, WORK_QUEUES, WorkQueue

log = structlog.get_logger()

# A queue may be deleted without any error for its consumers or publishers.
_EVERY_SECONDS: Final = 5.0
# Nothing is published while something is missing, so it is looked for again soon.
_SOON_SECONDS: Final = 0.5
# A broker that does not answer for so long counts as away.
_LONGEST_LOOK_SECONDS: Final = 20.0
_MARKER_LASTS: Final = 3_600_000
"""Milliseconds after which the broker deletes the marker of a process that has ended."""

_NOT_YET: Final = "the broker is away, or was until a moment ago"

Republish = Callable[[], Awaitable[None]]


class TopologyUpkeep:
    """Declares at every reconnect, when asked to, and every five seconds.

    An exchange is open for publishing once all its queues were found on the present connection.
    A broker that comes back empty would accept an event whose queue does not exist yet, and drop
    it. After such a loss the recent messages are published once more.
    """

    def __init__(self, rights: BrokerRights, republish: Republish) -> None:
        self._own = rights.queues
        self._needed = {
            exchange: _bound_queues_of_others(exchange, rights.queues)
            for exchange in rights.publishes_to
        }
        self._republish = republish
        self._open: set[str] = set()
        self._problem = _NOT_YET
        self._silence = ""
        self._asked = asyncio.Event()
        self._declared = asyncio.Event()
        self.marker = f"{rights.marker_prefix}{secrets.token_hex(6)}"
        self._is_marked = False

    def is_open(self, exchange: str) -> bool:
        """Say whether an exchange has all its queues, so that messages may be published."""
        return exchange in self._open

    def problem(self) -> str:
        """Return what is missing and what to do about it; empty if nothing is."""
        return self._problem

    def silence(self) -> str:
        """Return that the broker is connected and does not answer; empty where it answers.

        So is a broker that is stopped, or that blocks those who publish because of an alarm.
        """
        return self._silence

    def look_again(self) -> None:
        """Declare everything again soon, because something may be missing."""
        self._asked.set()

    async def declared(self) -> None:
        """Return once the service has declared its own queues."""
        await self._declared.wait()

    async def run(self, connection: AbstractRobustConnection) -> NoReturn:
        """Keep the topology declared until the task is canceled."""
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
            # A broker under an alarm blocks connections that publish; its queues still exist.
            log.warning("broker does not answer whether the topology is complete")
            self._silence = f"the broker has not answered for {_LONGEST_LOOK_SECONDS:g} seconds"
        except (AMQPError, ConnectionError, RuntimeError, Unavailable) as error:
            self._silence = ""
            self._open.clear()
            self._note(str(error) or type(error).__name__)
        else:
            self._silence = ""
            self._note(problem)

    async def _declare(self, connection: AbstractRobustConnection) -> None:
        was_lost = self._is_marked and not await exists(connection, self.marker)
        if was_lost:
            log.warning("broker has lost its data: recent messages are published again")
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
        """Open each exchange whose queues exist; return what is missing of the others."""
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
        """Declare a marker queue: if it is missing later, the broker has lost its data."""
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


def _bound_queues_of_others(exchange: str, own: Sequence[WorkQueue]) -> list[WorkQueue]:
    """Return the queues of other services that are bound to an exchange."""
    if EXCHANGES.get(exchange) == "direct":
        return []
    return [
        queue
        for queue in WORK_QUEUES
        if queue not in own and exchange in {binding.exchange for binding in queue.bindings}
    ]
