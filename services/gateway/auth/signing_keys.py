"""The issuer's keys: read from a file or an address of the configuration, and kept."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

import httpx2
import structlog

from services.gateway.auth.access_tokens import BadTokenError, Key, TokenHead, knows, read_keys
from shared.domain.errors import Unavailable

log = structlog.get_logger()

Fetch = Callable[[], Awaitable[bytes]]

_DEADLINE: Final = timedelta(seconds=5)
_LARGEST: Final = 512 * 1024


class KeysUnavailableError(Unavailable):
    """No key of the issuer is known, and none can be had now."""


class SigningKeys:
    """Keys that are fetched again when they are old, or when a token names an unknown one.

    However many unknown ones are named, there is one fetch in `pause` at most. Where a fetch
    fails, the keys known before stay good.
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
            KeysUnavailableError: There are none.
        """
        if self._is_wanting(head):
            async with self._fetching:
                if self._is_wanting(head):
                    await self._refresh()
        if not self._keys:
            raise KeysUnavailableError("the issuer's keys cannot be had")
        return self._keys

    def _is_wanting(self, head: TokenHead) -> bool:
        age = asyncio.get_running_loop().time() - self._tried_at
        return age >= self._kept_for or (age >= self._pause and not knows(self._keys, head))

    async def _refresh(self) -> None:
        try:
            async with asyncio.timeout(_DEADLINE.total_seconds()):
                self._keys = read_keys(await self._fetch()) or self._keys
        except (BadTokenError, OSError, TimeoutError, httpx2.HTTPError) as error:
            log.warning("the issuer's keys could not be read", reason=type(error).__name__)
        finally:
            self._tried_at = asyncio.get_running_loop().time()


def from_file(path: Path) -> Fetch:
    """Return what reads a JWKS document from a file."""
    return lambda: asyncio.to_thread(path.read_bytes)


def from_address(url: str) -> Fetch:
    """Return what gets a JWKS document over HTTP: no redirects, and no more than 512 kB."""

    async def fetch() -> bytes:
        async with (
            httpx2.AsyncClient(timeout=_DEADLINE.total_seconds(), trust_env=False) as client,
            client.stream("GET", url, headers={"Accept": "application/json"}) as answer,
        ):
            if answer.status_code != httpx2.codes.OK:
                raise BadTokenError("no keys at the address")
            text = bytearray()
            async for piece in answer.aiter_bytes():
                text += piece
                if len(text) > _LARGEST:
                    raise BadTokenError("too much for a set of keys")
            return bytes(text)

    return fetch
