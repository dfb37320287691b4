"""Passwords: checked with argon2id off the event loop, and then remembered by a keyed hash."""

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

_REMEMBERED: Final = 10_000
_KEPT_FOR: Final = timedelta(minutes=10)
_MOST_WAITING: Final = 200
_THREADS: Final = 2
"""Each check takes 64 MiB and half a second of a core's time or less."""


class TooBusyError(Unavailable):
    """So many passwords wait to be checked that another one would wait too long."""


class PasswordChecker:
    """Tells whether a password belongs to a hash, and whether it did lately, in microseconds.

    What is remembered is bound to the stored hash: a changed password is asked for again.
    """

    def __init__(self, pool: ThreadPoolExecutor, hasher: PasswordHasher | None = None) -> None:
        self._pool = pool
        self._hasher = hasher or PasswordHasher()
        self._nobody = self._hasher.hash(secrets.token_hex(16))
        self._key = secrets.token_bytes(32)
        self._known: OrderedDict[bytes, float] = OrderedDict()
        self._checking: dict[bytes, asyncio.Task[bool]] = {}

    def remembers(self, password: str, stored: str | None) -> bool:
        """Say whether this pair was found right lately."""
        digest = self._digest(password, stored or "")
        return self._known.get(digest, 0.0) > asyncio.get_running_loop().time()

    async def match(self, password: str, stored: str | None) -> bool:
        """Say whether the password is the stored one; nobody's takes as long as somebody's.

        Raises:
            TooBusyError: Too many others are being checked.
        """
        digest = self._digest(password, stored or "")
        # Many requests of one client arrive together: one of them does the work.
        task = self._checking.get(digest)
        if task is None:
            if len(self._checking) >= _MOST_WAITING:
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
            self._pool, self._verify, stored or self._nobody, password
        )
        return matches and stored is not None

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    def _remember(self, digest: bytes) -> None:
        end = asyncio.get_running_loop().time() + _KEPT_FOR.total_seconds()
        self._known[digest] = end
        self._known.move_to_end(digest)
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    def _digest(self, password: str, stored: str) -> bytes:
        return hmac.digest(self._key, f"{stored}\0{password}".encode(), hashlib.sha256)


@asynccontextmanager
async def checking_passwords() -> AsyncIterator[PasswordChecker]:
    """Give a checker with threads of its own for as long as the context lasts."""
    pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="passwords")
    try:
        yield await asyncio.get_running_loop().run_in_executor(pool, PasswordChecker, pool)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
