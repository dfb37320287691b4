"""Authenticates passwords, throttled, and with the same effort for unknown user names."""

import asyncio
from collections import OrderedDict
from typing import Final
from weakref import WeakValueDictionary

from services.gateway.auth.agent_cache import AgentAccount, AgentCache
from services.gateway.auth.passwords.login_throttle import Attempt, LoginThrottle
from services.gateway.auth.passwords.password_checker import PasswordChecker
from services.gateway.errors import RequestError, Situation
from services.gateway.http.credentials import Basic
from shared.bayeux.ttl_cache import TtlCache
from shared.domain.clock import Clock

# Clients choose user names and cookies, so their number must be bounded.
_MAX_KEYS: Final = 10_000


class PasswordAuthenticator:
    """Finds the agent of a user name and a password."""

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
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._succeeded = RecentKeys()
        self._unthrottled = TtlCache[str, None]()
        self._suspect_cookies = RecentKeys()

    def is_suspect(self, cookie: str) -> bool:
        """Say whether a cookie came with a password that was not confirmed as right.

        Such a cookie may be stolen. Comparing further passwords with that of its session would
        let the thief guess without the throttle.
        """
        return cookie in self._suspect_cookies

    async def log_in(
        self, basic: Basic, client: str, device: tuple[str, str] | None
    ) -> AgentAccount | None:
        """Return the account; None where the password is wrong or the name unknown.

        `device` is the cookie of an open session that came along, and the id of its agent.

        Raises:
            RequestError: Too many logins failed before (429, with Retry-After).
            Unavailable: Counters or agents cannot be read now, or too many logins wait.
        """
        if device is not None:
            # Before the check: of concurrent guesses none may be compared with the session.
            self._suspect_cookies.add(device[0])
        account = await self._agent_cache.named(basic.user_name)
        stored = account.login.password_hash if account and account.login.enabled else None
        own = device[0] if device and account and device[1] == account.agent.id else None
        attempt = Attempt(basic.user_name, client, own)
        if self._is_known(attempt.own_key, basic.password, stored):
            is_right = True
        else:
            # One at a time: concurrent guesses would all pass before the first is counted.
            async with self._locks.setdefault(attempt.own_key, asyncio.Lock()):
                is_right = await self._try(attempt, basic.password, stored)
        if is_right and device is not None:
            self._suspect_cookies.discard(device[0])
        return account if is_right else None

    def _is_known(self, key: str, password: str, stored: str | None) -> bool:
        """Say whether a password is right, without the counters; False where they have to decide.

        A client without cookies sends its password with every request. Reading the counters for
        each is not needed: a wrong guess removes the key before it is compared.
        """
        is_unthrottled = self._unthrottled.recall(key, now=self._clock.now().timestamp())
        return is_unthrottled is not None and self._remembers(key, password, stored)

    def _remembers(self, key: str, password: str, stored: str | None) -> bool:
        return key in self._succeeded and self._passwords.remembers(password, stored)

    async def _try(self, attempt: Attempt, password: str, stored: str | None) -> bool:
        now, key = self._clock.now(), attempt.own_key
        if self._is_known(key, password, stored):
            return True
        is_remembered = self._remembers(key, password, stored)
        self._unthrottled.forget(key)
        # The throttle comes first: while it waits, a right guess is answered as a wrong one.
        if (wait := await self._throttle.wait(attempt, now)) > 0:
            raise _too_many_failures(wait)
        if not is_remembered:
            if not await self._passwords.match(password, stored):
                await self._throttle.fail(attempt, self._clock.now())
                return False
            self._succeeded.add(key)
            await self._throttle.succeed(attempt, self._clock.now())
        self._unthrottled.put(key, None, now=now.timestamp())
        return True


class RecentKeys:
    """A set that keeps the ten thousand keys added last."""

    def __init__(self) -> None:
        self._keys: OrderedDict[str, None] = OrderedDict()

    def __contains__(self, key: str) -> bool:
        """Say whether a key is in the set."""
        return key in self._keys

    def add(self, key: str) -> None:
        """Add a key; a full set drops the oldest one."""
        self._keys[key] = None
        self._keys.move_to_end(key)
        if len(self._keys) > _MAX_KEYS:
            self._keys.popitem(last=False)

    def discard(self, key: str) -> None:
        """Remove a key, if it is in the set."""
        self._keys.pop(key, None)


def _too_many_failures(wait: float) -> RequestError:
    return RequestError(
        Situation.TOO_MANY_REQUESTS,
        "too many failed logins: wait before the next",
        headers={"Retry-After": str(int(wait) + 1)},
    )
