"""A provider's endpoints are read once an hour, and a failure counts for everybody."""

import asyncio
import json
from collections.abc import Awaitable

import pytest

from services.gateway.http.documents import DocumentUnavailableError
from services.gateway.sign_in import provider as provider_module
from services.gateway.sign_in.attempt import Attempt
from services.gateway.sign_in.provider import (
    FAILED_FOR,
    MOST_OF_PEER,
    Provider,
    ProviderUnavailableError,
    SignInClient,
)
from shared.oauth.token_client import post
from shared.oauth.token_requests import TokenRequest
from shared.oauth.token_responses import HttpAnswer
from tests.unit.bayeux.fake_transport import MovableLoop

ISSUER = "https://id.example.org"
CONFIGURATION = json.dumps(
    {
        "issuer": ISSUER,
        "authorization_endpoint": f"{ISSUER}/auth",
        "token_endpoint": f"{ISSUER}/token",
    }
).encode()


class Publication:
    """The provider's document, and how often it was asked for."""

    def __init__(self, loop: MovableLoop) -> None:
        self._loop = loop
        self.is_away = True
        self.reads = 0

    async def read(self, url: str, *, at_most: int) -> bytes:
        del url, at_most
        self.reads += 1
        await asyncio.sleep(0)
        if self.is_away:
            self._loop.move(5.0)  # as long as its deadline
            raise DocumentUnavailableError("it does not answer")
        return CONFIGURATION


@pytest.fixture
async def loop(monkeypatch: pytest.MonkeyPatch) -> MovableLoop:
    """The running loop with a clock that the test moves."""
    movable = MovableLoop()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: movable)
    return movable


@pytest.fixture
async def publication(monkeypatch: pytest.MonkeyPatch, loop: MovableLoop) -> Publication:
    published = Publication(loop)
    monkeypatch.setattr(provider_module, "read_document", published.read)
    return published


@pytest.fixture
def provider() -> Provider:
    return Provider(SignInClient(ISSUER, "mailroom", "https://mail.example.org/back"), post)


async def test_people_at_once_wait_for_one_failure(
    provider: Provider, publication: Publication, loop: MovableLoop
) -> None:
    asked = [provider.endpoints() for _ in range(60)]

    ends = await asyncio.gather(*asked, return_exceptions=True)

    assert all(isinstance(one, ProviderUnavailableError) for one in ends)
    assert len({id(one) for one in ends}) == 60  # each has a traceback of its own
    assert (publication.reads, loop.time()) == (1, 5.0)


async def test_provider_that_is_back_is_read_soon(
    provider: Provider, publication: Publication, loop: MovableLoop
) -> None:
    with pytest.raises(ProviderUnavailableError):
        await provider.endpoints()
    publication.is_away = False

    with pytest.raises(ProviderUnavailableError, match="it does not answer"):
        await provider.endpoints()
    loop.move(FAILED_FOR.total_seconds())
    endpoints = await provider.endpoints()

    assert endpoints.token == f"{ISSUER}/token"
    assert FAILED_FOR.total_seconds() <= 10


async def test_known_endpoints_stay_while_the_provider_is_away(
    provider: Provider, publication: Publication, loop: MovableLoop
) -> None:
    publication.is_away = False
    known = await provider.endpoints()
    publication.is_away = True
    loop.move(3_600)

    assert [await provider.endpoints() for _ in range(3)] == [known] * 3
    assert publication.reads == 2


class SlowEndpoint:
    """A token endpoint that answers nobody yet."""

    def __init__(self) -> None:
        self.asked = 0

    async def post(self, request: TokenRequest) -> HttpAnswer:
        del request
        self.asked += 1
        await asyncio.Event().wait()
        raise AssertionError("it answers nobody")


async def test_made_up_codes_of_a_peer_leave_room_to_another(publication: Publication) -> None:
    publication.is_away = False
    endpoint = SlowEndpoint()
    provider = Provider(
        SignInClient(ISSUER, "mailroom", "https://mail.example.org/back"), endpoint.post
    )
    attempt = Attempt.begin(in_window=False)
    async with asyncio.TaskGroup() as group:
        asked = [
            group.create_task(_refusal(provider.exchange(attempt, "made up", peer)))
            for peer in [f"2001:db8::{number}" for number in range(30)] + ["192.0.2.7"]
        ]
        for _ in range(100):
            await asyncio.sleep(0)
        refused = [one.result() for one in asked if one.done()]
        for one in asked:
            one.cancel()

    assert refused == ["too many people log in at once"] * 20
    assert endpoint.asked == MOST_OF_PEER + 1


async def _refusal(exchange: Awaitable[str | None]) -> str:
    try:
        return await exchange or ""
    except ProviderUnavailableError as error:
        return str(error)
