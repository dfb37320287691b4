"""The issuer's public keys, read from the configured file or address, and cached."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

import structlog

from services.gateway.auth.tokens.access_tokens import (
    BadTokenError,
    Key,
    TokenHead,
    has_key_for,
    read_keys,
)
from services.gateway.http.documents import DocumentUnavailableError, read_document
from shared.domain.errors import Unavailable

log = structlog.get_logger()

Fetch = Callable[[], Awaitable[bytes]]

# The request with the token waits meanwhile.
_DEADLINE: Final = timedelta(seconds=5)
# An issuer has a few keys; the document is held in memory whatever it contains.
_MAX_SIZE: Final = 512 * 1024


class KeysUnavailableError(Unavailable):
    """No key of the issuer has been read so far, and none can be read now."""


class SigningKeys:
    """Keys that are read again when they are old, or when a token names an unknown one.

    There is at most one fetch in each `pause`, however many unknown keys are named. Where a fetch
    fails, the keys read before stay in use.
    """

    def __init__(
        self,
        fetch: Fetch,
        *,
        kept_for: timedelta = timedelta(hours=1),
        pause: timedelta = timedelta(seconds=30),
    ) -> None:
        self._fetch = fetch
        self._kept_for = kept_for.total_seconds()
        self._pause = pause.total_seconds()
        self._keys: tuple[Key, ...] = ()
        self._tried_at = float("-inf")
        self._fetching = asyncio.Lock()

    async def for_token(self, head: TokenHead) -> Sequence[Key]:
        """Return the keys to verify a token with.

        Raises:
            KeysUnavailableError: No keys have been read so far.
        """
        if self._needs_fetch(head):
            async with self._fetching:
                if self._needs_fetch(head):
                    await self._refresh()
        if not self._keys:
            raise KeysUnavailableError("the issuer's keys cannot be read")
        return self._keys

    def _needs_fetch(self, head: TokenHead) -> bool:
        age = asyncio.get_running_loop().time() - self._tried_at
        return age >= self._kept_for or (age >= self._pause and not has_key_for(self._keys, head))

    async def _refresh(self) -> None:
        try:
            async with asyncio.timeout(_DEADLINE.total_seconds()):
                self._keys = read_keys(await self._fetch()) or self._keys
        except (BadTokenError, DocumentUnavailableError, OSError, TimeoutError) as error:
            reason = str(error) or type(error).__name__
            log.warning("the issuer's keys could not be read", reason=reason)
        finally:
            self._tried_at = asyncio.get_running_loop().time()


def from_file(path: Path) -> Fetch:
    """Return a function that reads a JWKS document from a file."""
    return lambda: asyncio.to_thread(path.read_bytes)


def from_address(url: str) -> Fetch:
    """Return a function that reads a JWKS document over HTTP."""
    return lambda: read_document(url, at_most=_MAX_SIZE)
