"""Requests tokens: one POST, without redirects or proxies, with limits of time and size."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from shared.oauth.token_requests import TokenClient, TokenRequest, for_token
from shared.oauth.token_responses import (
    LARGEST,
    Denied,
    HttpAnswer,
    Outcome,
    TemporaryFailure,
    corrected,
    read_answer,
)

Post = Callable[[TokenRequest], Awaitable[HttpAnswer]]

# Mail waits meanwhile, and can: logins are renewed well before they end.
DEADLINE: Final = timedelta(seconds=20)


class EndpointUnavailableError(Exception):
    """The endpoint gave no HTTP answer; the message says why, in plain words."""


async def post(request: TokenRequest) -> HttpAnswer:
    """Send a form; return the answer.

    Raises:
        EndpointUnavailableError: There was no answer in time.
    """
    import httpx2  # noqa: PLC0415 - a service without OAuth logins starts without it

    try:
        async with (
            asyncio.timeout(DEADLINE.total_seconds()),
            httpx2.AsyncClient(timeout=DEADLINE.total_seconds(), trust_env=False) as client,
            client.stream(
                "POST",
                request.url,
                data=dict(request.form),
                auth=request.basic,
                headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            ) as answer,
        ):
            body = bytearray()
            async for piece in answer.aiter_raw():
                body += piece
                if len(body) > LARGEST:
                    break
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return HttpAnswer(answer.status_code, headers, bytes(body[: LARGEST + 1]))
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, TimeoutError, ValueError) as error:
        # The text of the error may contain secrets of the request.
        raise EndpointUnavailableError(
            f"the token endpoint cannot be reached ({type(error).__name__})"
        ) from None


async def obtain_token(post: Post, asker: TokenClient, refresh_token: str = "") -> Outcome:
    """Request an access token, and once more with the endpoint's time if the clocks differ."""
    outcome = await ask(post, for_token(asker, refresh_token), asker)
    told = outcome.server_time if isinstance(outcome, Denied) and asker.signs else None
    if (theirs := corrected(asker.now, told)) is None:
        return outcome
    by_their_clock = replace(asker, now=theirs, number=f"{asker.number}-again")
    return await ask(post, for_token(by_their_clock, refresh_token), asker)


async def ask(post: Post, request: TokenRequest, asker: TokenClient) -> Outcome:
    """Send a token request; return its outcome."""
    try:
        answer = await post(request)
    except EndpointUnavailableError as error:
        return TemporaryFailure(str(error))
    return read_answer(answer, asker.now, request.secrets)
