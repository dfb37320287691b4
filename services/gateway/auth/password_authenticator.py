"""Passwords checked against guessing: the brake before, the same effort for everybody."""

import asyncio
from collections import OrderedDict
from typing import Final
from weakref import WeakValueDictionary

from services.gateway.auth.agent_cache import AgentCache, Member
from services.gateway.auth.login_throttle import Attempt, LoginThrottle
from services.gateway.auth.password_checker import PasswordChecker
from services.gateway.errors import RequestError, Situation
from services.gateway.http.credentials import Basic
from shared.bayeux.ttl_cache import TtlCache
from shared.domain.clock import Clock

_MOST_KEYS: Final = 10_000


class PasswordAuthenticator:
    """Tells which agent a user name and a password belong to."""

    def __init__(
        self,
        passwords: PasswordChecker,
        agent_cache: AgentCache,
        throttle: LoginThrottle,
        clock: Clock,
    ) -> None:
        self._passwords = passwords
        self._agent_cache = agent_cache
        self._throttle = throttle
        self._clock = clock
        self._trying: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._successful = RecentKeys()
        self._unbraked = TtlCache[str, None]()
        self._doubted = RecentKeys()

    def doubts(self, cookie: str) -> bool:
        """Say whether another password than that of its session was shown with a cookie.

        Comparing with that password would tell a thief of the cookie, past the brake, which guess
        is right.
        """
        return cookie in self._doubted

    async def log_in(
        self, basic: Basic, client: str, device: tuple[str, str] | None
    ) -> Member | None:
        """Return the agent; None where it is the wrong password, or the name of nobody.

        `device` is the cookie of a good session that the request shows, and its agent's id.

        Raises:
            RequestError: Too many logins failed before.
            Unavailable: It cannot be found out now.
        """
        if device is not None:
            # At once: of many guesses that come together the first is not judged yet.
            self._doubted.add(device[0])
        member = await self._agent_cache.named(basic.user_name)
        stored = member.login.password_hash if member and member.login.enabled else None
        own = device[0] if device and member and device[1] == member.agent.id else None
        attempt = Attempt(basic.user_name, client, own)
        # One after the other: many guesses at once would all come before the first is counted.
        async with self._trying.setdefault(attempt.together, asyncio.Lock()):
            is_right = await self._try(attempt, basic.password, stored)
        if is_right and device is not None:
            self._doubted.discard(device[0])
        return member if is_right else None

    async def _try(self, attempt: Attempt, password: str, stored: str | None) -> bool:
        now, together = self._clock.now(), attempt.together
        is_remembered = together in self._successful and self._passwords.remembers(password, stored)
        # Without the cookie a client shows its password with every request. The counters need not
        # be read for each: the first wrong guess ends this, so it tells nobody a second one.
        if is_remembered and self._unbraked.recall(together, now=now.timestamp()):
            return True
        self._unbraked.forget(together)
        # The brake comes first: while it holds, no guess is told from another one.
        if (wait := await self._throttle.wait(attempt, now)) > 0:
            raise _too_often(wait)
        if not is_remembered:
            if not await self._passwords.match(password, stored):
                await self._throttle.fail(attempt, self._clock.now())
                return False
            self._successful.add(together)
            await self._throttle.succeed(attempt, self._clock.now())
        self._unbraked.keep(together, None, now=now.timestamp())
        return True


class RecentKeys:
    """The ten thousand keys that were added last."""

    def __init__(self) -> None:
        self._keys: OrderedDict[str, None] = OrderedDict()

    def __contains__(self, key: str) -> bool:
        """Say whether a key is one of them."""
        return key in self._keys

    def add(self, key: str) -> None:
        """Add a key; of too many the oldest is left out."""
        self._keys[key] = None
        self._keys.move_to_end(key)
        if len(self._keys) > _MOST_KEYS:
            self._keys.popitem(last=False)

    def discard(self, key: str) -> None:
        """Leave a key out."""
        self._keys.pop(key, None)


def _too_often(wait: float) -> RequestError:
    return RequestError(
        Situation.TOO_MANY_REQUESTS,
        "too many failed logins: wait before the next",
        headers={"Retry-After": str(int(wait) + 1)},
    )
