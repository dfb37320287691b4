"""Reads a small document of another server over HTTP."""

import asyncio
from datetime import timedelta
from typing import Final

import httpx2

# The request of an agent waits for it.
_DEADLINE: Final = timedelta(seconds=5)

# A thousand bytes that are packed may be a million.
_ASKS_FOR: Final = {"Accept": "application/json", "Accept-Encoding": "identity"}


class DocumentUnavailableError(Exception):
    """The server does not answer with the document; the text says why."""


async def read_document(url: str, *, at_most: int) -> bytes:
    """Return a JSON document, without redirects or proxies, within five seconds.

    Raises:
        DocumentUnavailableError: There is no answer in time, another one than 200, a packed one,
            or one with more than `at_most` bytes.
    """
    # The client's own timeout counts from one packet to the next: a slow server could go on.
    seconds = _DEADLINE.total_seconds()
    try:
        async with (
            asyncio.timeout(seconds),
            httpx2.AsyncClient(timeout=seconds, trust_env=False) as client,
            client.stream("GET", url, headers=_ASKS_FOR) as answer,
        ):
            if answer.status_code != httpx2.codes.OK:
                raise DocumentUnavailableError(f"{url} answers {answer.status_code}")
            if answer.headers.get("content-encoding", "identity").lower() != "identity":
                raise DocumentUnavailableError(f"{url} answers with a packed document")
            text = bytearray()
            async for piece in answer.aiter_raw():
                text += piece
                if len(text) > at_most:
                    raise DocumentUnavailableError(f"{url} answers more than {at_most} bytes")
            return bytes(text)
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, TimeoutError) as error:
        raise DocumentUnavailableError(f"{url} cannot be read ({type(error).__name__})") from error
