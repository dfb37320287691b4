"""A bounded number of connections to the route's server, reused for several mails."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from services.outbound.smtp.smtp_session import SmtpSession
from shared.contracts.contact_center import SmtpRoute
from shared.domain.clock import Clock

Connect = Callable[[SmtpRoute], Awaitable[SmtpSession]]


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """Limits of the pool: how many connections, and how many mails and how long each is used.

    A connection that was idle for `idle` is tested by RSET before its next mail.
    """

    connections: int
    mails: int
    age: timedelta
    idle: timedelta


class SmtpPool:
    """Gives connections to one mail each at a time, never more than `limits.connections`."""

    def __init__(self, connect: Connect, limits: PoolLimits, clock: Clock) -> None:
        self._connect = connect
        self._limits = limits
        self._clock = clock
        self._slots = asyncio.Semaphore(limits.connections)
        self._idle: list[SmtpSession] = []

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Wait for the right to use one connection. Call `session` within this context only."""
        async with self._slots:
            yield

    @asynccontextmanager
    async def session(self, route: SmtpRoute) -> AsyncIterator[SmtpSession]:
        """Yield an idle connection to the route's server, or a new one.

        Raises:
            RouteUnavailableError: No connection could be opened.
        """
        session = await self._idle_session(route) or await self._connect(route)
        try:
            yield session
        finally:
            await self._give_back(session)

    async def aclose(self) -> None:
        """Close every idle connection by QUIT."""
        idle, self._idle = self._idle, []
        await asyncio.gather(*(session.quit() for session in idle))

    async def _idle_session(self, route: SmtpRoute) -> SmtpSession | None:
        while self._idle:
            session = self._idle.pop()
            if session.route != route:
                await session.quit()
            elif await session.is_usable(self._limits.idle):
                return session
        return None

    async def _give_back(self, session: SmtpSession) -> None:
        if not session.is_connected:
            return
        age = self._clock.now() - session.opened_at
        if session.mails < self._limits.mails and age < self._limits.age:
            self._idle.append(session)
        else:
            await session.quit()
