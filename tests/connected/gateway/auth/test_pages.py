"""Hosts and origins that REST and CometD accept."""

from collections.abc import AsyncIterator, Mapping

import httpx2
import pytest

from tests.support.backend import Backend
from tests.support.bayeux_client import HANDSHAKE
from tests.support.gateway import Gateway, running_gateway

pytestmark = pytest.mark.connected

ENTRANCES = ("REST", "preflight", "CometD", "preflight of CometD", "a call", "a socket")
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}


@pytest.fixture
async def named(backend: Backend, vhost_url: str, database_url: str) -> AsyncIterator[Gateway]:
    """A gateway whose public URL is known."""
    options = {"public_url": "https://mail.example", "callback_polling": "true"}
    async with running_gateway(backend, vhost_url, database_url, **options) as gateway:
        await gateway.add_agent("agent1")
        yield gateway


async def request(gateway: Gateway, entrance: str, headers: Mapping[str, str]) -> int:
    """Return the status of what is answered at an entrance."""
    return (await answered(gateway, entrance, headers)).status_code


async def answered(gateway: Gateway, entrance: str, headers: Mapping[str, str]) -> httpx2.Response:
    """Return what is answered at an entrance."""
    client = await gateway.client("agent1", headers=dict(headers))
    match entrance:
        case "REST":
            answer = await client.get("/api/v2/me")
        case "preflight":
            answer = await client.options("/api/v2/me")
        case "CometD":
            answer = await client.post("/cometd", json=[HANDSHAKE])
        case "preflight of CometD":
            answer = await client.options("/cometd")
        case "a call":
            message = '[{"channel":"/meta/connect"}]'
            answer = await client.get("/cometd", params={"jsonp": "f", "message": message})
        case _:
            async with client.stream("GET", "/cometd", headers=UPGRADE) as answer:
                pass
    return answer


async def test_pages_of_other_origins_are_refused_at_each_entrance(named: Gateway) -> None:
    origins = [
        "https://evil.example",
        "http://mail.example",
        "https://mail.example:8443",
        "evil://mail.example",
        "chrome-extension://mail.example",
        "null",
    ]

    answers = {
        (entrance, origin): await request(
            named, entrance, {"Origin": origin, "Host": "mail.example"}
        )
        for entrance in ENTRANCES
        for origin in origins
    }

    assert {at: status for at, status in answers.items() if status != 403} == {}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example", "Host": "mail.example"},
        {"Origin": "null", "Host": "mail.example"},
        {"Origin": "https://mail.example", "Host": "rebound.example"},
        {"Origin": "https://evil.example", "Host": "rebound.example"},
    ],
)
async def test_refused_page_cannot_read_its_refusal(
    named: Gateway, headers: dict[str, str]
) -> None:
    answers = [await answered(named, entrance, headers) for entrance in ENTRANCES]

    readable = "access-control-allow-origin"
    assert [one.headers.get(readable) for one in answers] == [None] * len(ENTRANCES)


async def test_our_own_page_is_served_at_each_entrance(named: Gateway) -> None:
    own = {"Origin": "https://mail.example", "Host": "mail.example"}

    assert [await request(named, entrance, own) for entrance in ENTRANCES] == [
        200,
        204,
        200,
        200,
        200,
        101,
    ]


async def test_another_host_is_refused_at_each_entrance(named: Gateway) -> None:
    rebound = {"Host": "rebound.example"}

    assert [await request(named, entrance, rebound) for entrance in ENTRANCES] == [421] * len(
        ENTRANCES
    )


async def test_allowed_origin_defaults_to_that_of_the_request(gateway: Gateway) -> None:
    host = gateway.url.removeprefix("http://")
    entrances = [entrance for entrance in ENTRANCES if entrance != "a call"]
    behind_tls = {"X-Forwarded-Proto": "https"}
    foreign = [
        {"Origin": f"http://{host}"} | behind_tls,
        {"Origin": f"https://{host}"},
        {"Origin": f"chrome-extension://{host}"},
    ]

    welcome = [
        await request(gateway, entrance, {"Origin": f"https://{host}"} | behind_tls)
        for entrance in entrances
    ]
    refused = [
        await request(gateway, entrance, headers) for entrance in entrances for headers in foreign
    ]

    assert welcome == [200, 204, 200, 200, 101]
    assert set(refused) == {403}


async def test_cookies_are_secure_where_the_public_url_is(named: Gateway) -> None:
    client = await named.client("agent1")

    rest = await client.get("/api/v2/me")
    [begun] = (await client.post("/cometd", json=[HANDSHAKE])).headers.get_list("set-cookie")[-1:]

    assert "; Secure" in rest.headers["set-cookie"]
    assert begun.startswith("BAYEUX_BROWSER=")
    assert "; Secure" in begun
