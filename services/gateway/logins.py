"""Passwords checked against guessing: the brake before, the same effort for everybody."""

import asyncio
from weakref import WeakValueDictionary

from services.gateway.brake import Attempt, Brake
from services.gateway.credentials import Basic
from services.gateway.errors import RequestError, Situation
from services.gateway.passwords import Passwords
from services.gateway.roster import Roster
from shared.domain.clock import Clock
from shared.storage.agents import StoredAgent


class Logins:
    """Tells which agent a user name and a password belong to."""

    def __init__(self, passwords: Passwords, roster: Roster, brake: Brake, clock: Clock) -> None:
        self._passwords = passwords
        self._roster = roster
        self._brake = brake
        self._clock = clock
        self._trying: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def log_in(
        self, basic: Basic, client: str, device: tuple[str, str] | None
    ) -> StoredAgent | None:
        """Return the agent; None where it is the wrong password, or the name of nobody.

        `device` is the proof of a good session that the request shows, and its agent's id.

        Raises:
            RequestError: Too many logins failed before.
            Unavailable: It cannot be found out now.
        """
        agent = await self._roster.named(basic.user_name)
        stored = agent.password_hash if agent and agent.enabled else None
        if self._passwords.remembers(basic.password, stored):
            return agent
        own = device[0] if device and agent and device[1] == agent.id else None
        attempt = Attempt(basic.user_name, client, own)
        # One after the other: many guesses at once would all come before the first is counted.
        async with self._trying.setdefault(attempt.together, asyncio.Lock()):
            is_right = await self._try(attempt, basic.password, stored)
        return agent if is_right else None

    async def _try(self, attempt: Attempt, password: str, stored: str | None) -> bool:
        if self._passwords.remembers(password, stored):
            return True
        if (wait := await self._brake.wait(attempt, self._clock.now())) > 0:
            raise _too_often(wait)
        if await self._passwords.match(password, stored):
            await self._brake.succeed(attempt, self._clock.now())
            return True
        await self._brake.fail(attempt, self._clock.now())
        return False


def _too_often(wait: float) -> RequestError:
    return RequestError(
        Situation.TOO_MANY_REQUESTS,
        "too many failed logins: wait before the next",
        headers={"Retry-After": str(int(wait) + 1)},
    )
