"""A few connections to the route's server, reused while they are good."""

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
    """How many connections there are, how long each is used, and when it is asked if it lives."""

    connections: int
    mails: int
    age: timedelta
    idle: timedelta


class SmtpPool:
    """Never more connections than `limits` says; each used by one mail at a time."""

    def __init__(self, connect: Connect, limits: PoolLimits, clock: Clock) -> None:
        self._connect = connect
        self._limits = limits
        self._clock = clock
        self._places = asyncio.Semaphore(limits.connections)
        self._rested: list[SmtpSession] = []

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Wait for the right to use one connection. Whoever calls `session` has a place."""
        async with self._places:
            yield

    @asynccontextmanager
    async def session(self, route: SmtpRoute) -> AsyncIterator[SmtpSession]:
        """Give a connection to the route's server.

        Raises:
            RouteUnavailableError: There is none to be had.
        """
        session = await self._rested_one(route) or await self._connect(route)
        try:
            yield session
        finally:
            await self._take_back(session)

    async def aclose(self) -> None:
        """Take leave of every server."""
        rested, self._rested = self._rested, []
        await asyncio.gather(*(session.quit() for session in rested))

    async def _rested_one(self, route: SmtpRoute) -> SmtpSession | None:
        while self._rested:
            session = self._rested.pop()
            if session.route != route:
                await session.quit()
            elif await session.is_usable(self._limits.idle):
                return session
        return None

    async def _take_back(self, session: SmtpSession) -> None:
        if not session.is_connected:
            return
        age = self._clock.now() - session.opened_at
        if session.mails < self._limits.mails and age < self._limits.age:
            self._rested.append(session)
        else:
            await session.quit()
