"""A provider's endpoints are read once an hour, and a failure counts for everybody."""

import asyncio
import json
from collections.abc import Awaitable
from datetime import timedelta

import pytest

from services.gateway.http.documents import DocumentUnavailableError
from services.gateway.sign_in import provider as provider_module
from services.gateway.sign_in.attempt import Attempt
from services.gateway.sign_in.provider import (
    FAILED_FOR,
    PLACES,
    Provider,
    ProviderUnavailableError,
    SignInClient,
)
from shared.background_tasks import cancel_and_wait
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
    """A token endpoint that answers the next one whenever it is told to, and knows one code."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._turns: list[asyncio.Event] = []

    async def post(self, request: TokenRequest) -> HttpAnswer:
        code = request.form["code"]
        self.asked.append(code)
        turn = asyncio.Event()
        self._turns.append(turn)
        await turn.wait()
        if code != "right":
            return HttpAnswer(400, {}, b"{}")
        return HttpAnswer(200, {}, b'{"id_token": "token"}')

    async def answer(self) -> None:
        """Answer whoever has waited for longest."""
        self._turns.pop(0).set()
        for _ in range(20):
            await asyncio.sleep(0)


class Flood:
    """Strangers who ask for exchanges with codes that they made up, and one agent."""

    def __init__(self, peers: list[str]) -> None:
        self.endpoint = SlowEndpoint()
        client = SignInClient(ISSUER, "mailroom", "https://mail.example.org/back")
        self._provider = Provider(client, self.endpoint.post)
        self.strangers = [self._begin("made up", peer) for peer in peers]
        self.agent: asyncio.Task[str] | None = None

    async def sign_in(self, peer: str) -> asyncio.Task[str]:
        """Let the agent come when all strangers have."""
        for _ in range(10 * len(self.strangers)):
            await asyncio.sleep(0)
        self.agent = self._begin("right", peer)
        for _ in range(20):
            await asyncio.sleep(0)
        return self.agent

    async def end(self) -> None:
        """Let all go away."""
        await cancel_and_wait([one for one in (*self.strangers, self.agent) if one])

    def _begin(self, code: str, peer: str) -> asyncio.Task[str]:
        attempt = Attempt.new(in_window=False)
        return asyncio.create_task(_outcome(self._provider.exchange(attempt, code, peer)))


async def test_made_up_codes_of_a_peer_leave_room_to_another(publication: Publication) -> None:
    publication.is_away = False
    flood = Flood([f"2001:db8::{number}" for number in range(40)])

    await flood.sign_in("192.0.2.7")

    refused = [one.result() for one in flood.strangers if one.done()]
    assert refused == ["too many people log in at once"] * 10
    assert flood.endpoint.asked == ["made up"] * PLACES.of_peer + ["right"]
    await flood.end()


async def test_made_up_codes_of_many_peers_keep_nobody_out(publication: Publication) -> None:
    publication.is_away = False
    peers = [f"198.51.100.{number}" for number in range(30)] * 20
    flood = Flood(peers)

    agent = await flood.sign_in("192.0.2.7")
    answered = 0
    while not agent.done():
        await flood.endpoint.answer()
        answered += 1

    assert agent.result() == "token"
    assert answered <= 2 * (30 + PLACES.at_once)
    await flood.end()


async def test_exchange_has_a_short_deadline(
    publication: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    publication.is_away = False
    monkeypatch.setattr(provider_module, "_DEADLINE", timedelta(milliseconds=10))
    flood = Flood(["192.0.2.7"])

    assert await flood.strangers[0] == "the token endpoint does not answer in time"


async def _outcome(exchange: Awaitable[str | None]) -> str:
    try:
        return await exchange or ""
    except ProviderUnavailableError as error:
        return str(error)
