"""Checks passwords with argon2id in threads, and caches right ones by a keyed hash."""

import asyncio
import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from shared.domain.errors import Unavailable

# More than one pod has agents; an entry is a digest and a time.
_MAX_CACHED: Final = 10_000
# A client without cookies sends its password with every request.
_CACHED_FOR: Final = timedelta(minutes=10)
# With two threads and half a second each, the last one waits 50 seconds.
_MAX_WAITING: Final = 200
_THREADS: Final = 2
"""One check takes 64 MiB, and up to half a second of a core."""


class TooBusyError(Unavailable):
    """Too many passwords wait to be checked: try again later."""


class PasswordChecker:
    """Compares passwords with stored hashes; recent right ones are found in microseconds.

    The cache key includes the stored hash, so a changed password is checked anew.
    """

    def __init__(self, pool: ThreadPoolExecutor, hasher: PasswordHasher | None = None) -> None:
        self._pool = pool
        self._hasher = hasher or PasswordHasher()
        self._decoy_hash = self._hasher.hash(secrets.token_hex(16))
        self._key = secrets.token_bytes(32)
        self._matched: OrderedDict[bytes, float] = OrderedDict()
        self._checking: dict[bytes, asyncio.Task[bool]] = {}

    def remembers(self, password: str, stored: str | None) -> bool:
        """Say whether the password matched the stored hash in the last ten minutes."""
        digest = self._digest(password, stored or "")
        return self._matched.get(digest, 0.0) > asyncio.get_running_loop().time()

    async def match(self, password: str, stored: str | None) -> bool:
        """Say whether the password matches the stored hash; None takes as long as a hash.

        Raises:
            TooBusyError: Too many passwords wait to be checked.
        """
        digest = self._digest(password, stored or "")
        # Concurrent requests of one client share one check.
        task = self._checking.get(digest)
        if task is None:
            if len(self._checking) >= _MAX_WAITING:
                raise TooBusyError("too many logins at the same time")
            task = asyncio.create_task(self._check(password, stored))
            self._checking[digest] = task
            task.add_done_callback(lambda _: self._checking.pop(digest, None))
        matches = await asyncio.shield(task)
        if matches:
            self._remember(digest)
        return matches

    async def _check(self, password: str, stored: str | None) -> bool:
        loop = asyncio.get_running_loop()
        matches = await loop.run_in_executor(
            self._pool, self._verify, stored or self._decoy_hash, password
        )
        return matches and stored is not None

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    def _remember(self, digest: bytes) -> None:
        end = asyncio.get_running_loop().time() + _CACHED_FOR.total_seconds()
        self._matched[digest] = end
        self._matched.move_to_end(digest)
        if len(self._matched) > _MAX_CACHED:
            self._matched.popitem(last=False)

    def _digest(self, password: str, stored: str) -> bytes:
        return hmac.digest(self._key, f"{stored}\0{password}".encode(), hashlib.sha256)


@asynccontextmanager
async def checking_passwords() -> AsyncIterator[PasswordChecker]:
    """Provide a checker with threads of its own for as long as the context lasts."""
    pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="passwords")
    try:
        yield await asyncio.get_running_loop().run_in_executor(pool, PasswordChecker, pool)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
