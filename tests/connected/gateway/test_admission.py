"""Who may speak: passwords, sessions, forged requests, origins."""

import asyncio
from datetime import timedelta

import httpx2
import pytest

from shared.contracts.events import AgentNotReady
from tests.connected.gateway.conftest import Gateway, failure, running_gateway
from tests.connected.world import World

pytestmark = pytest.mark.connected

NOT_READY = {"operationName": "NotReady"}
CHANNEL = "/api/v2/me/channels/email"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Basic"},
        {"Authorization": "Basic %%%"},
        {"Authorization": "Basic YWdlbnQx"},
        {"Authorization": "Bearer x"},
        {"Authorization": "Basic YWdlbnQxOndyb25n"},
        {"Authorization": "Basic bm9ib2R5Om5vYm9keQ=="},
        {"Cookie": "JSESSIONID=x"},
    ],
)
async def test_strangers_are_told_to_log_in(gateway: Gateway, headers: dict[str, str]) -> None:
    stranger = await gateway.client()

    answer = await stranger.get("/api/v2/me", headers=headers)

    assert answer.status_code == 401
    assert failure(20, answer.json())
    assert answer.headers["www-authenticate"].startswith("Basic ")
    assert answer.json()["statusMessage"] == "user name or password is not right"


async def test_a_disabled_agent_is_a_stranger(gateway: Gateway) -> None:
    await gateway.hire("former", enabled=False)
    former = await gateway.client("former")

    assert (await former.get("/api/v2/me")).status_code == 401


async def test_guessing_is_slowed_down_for_that_name_only(gateway: Gateway) -> None:
    await gateway.hire("victim")
    guesser = await gateway.client()
    for _ in range(6):
        assert (await guesser.get("/api/v2/me", auth=("victim", "guess"))).status_code == 401

    answer = await guesser.get("/api/v2/me", auth=("victim", "victim"))

    assert answer.status_code == 429
    assert failure(4, answer.json())
    assert int(answer.headers["retry-after"]) >= 1
    assert (await (await gateway.client("agent2")).get("/api/v2/me")).status_code == 200


async def test_a_session_goes_on_without_the_password(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    begun = await agent1.get("/api/v2/me")
    stranger = await gateway.client()

    answer = await stranger.get(
        "/api/v2/me", headers={"Cookie": f"JSESSIONID={begun.cookies['JSESSIONID']}"}
    )

    assert answer.json()["user"]["userName"] == "agent1"
    marks = begun.headers["set-cookie"].split("; ")[1:]
    assert marks == ["Path=/", "HttpOnly", "SameSite=Lax"]


async def test_a_session_is_known_to_every_pod(
    gateway: Gateway, agent1: httpx2.AsyncClient, vhost_url: str, database_url: str
) -> None:
    cookie = (await agent1.get("/api/v2/me")).cookies["JSESSIONID"]

    async with running_gateway(gateway.world, vhost_url, database_url) as other:
        stranger = await other.client()
        answer = await stranger.get("/api/v2/me", headers={"Cookie": f"JSESSIONID={cookie}"})

    assert answer.status_code == 200


async def test_a_session_ends_by_time(gateway: Gateway, agent1: httpx2.AsyncClient) -> None:
    cookie = (await agent1.get("/api/v2/me")).cookies["JSESSIONID"]
    gateway.world.clock.move(timedelta(hours=8))
    stranger = await gateway.client()

    answer = await stranger.get("/api/v2/me", headers={"Cookie": f"JSESSIONID={cookie}"})

    assert answer.status_code == 401


async def test_a_cookie_alone_changes_nothing_without_the_token(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    cookie = (await agent1.get("/api/v2/me")).cookies["JSESSIONID"]
    browser = await gateway.client(headers={"Cookie": f"JSESSIONID={cookie}"})

    refused = await browser.post(CHANNEL, json=NOT_READY)
    guessed = await browser.post(CHANNEL, json=NOT_READY, headers={"X-CSRF-TOKEN": "x"})

    assert (refused.status_code, guessed.status_code) == (403, 403)
    assert refused.json()["statusMessage"] == "Missing or invalid Csrf token"
    assert failure(3, refused.json())
    assert gateway.world.heard_so_far() == []


async def test_a_cookie_and_its_token_may_change_something(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    cookie = (await agent1.get("/api/v2/me")).cookies["JSESSIONID"]
    browser = await gateway.client(headers={"Cookie": f"JSESSIONID={cookie}"})
    read = await browser.get("/api/v2/me")
    token = {read.headers["x-csrf-header"]: read.headers["x-csrf-token"]}

    answer = await browser.post(CHANNEL, json=NOT_READY, headers=token)

    assert answer.status_code == 200
    assert (await gateway.world.hear(AgentNotReady)).agent_id == "agent1"


async def test_a_handshake_by_cookie_alone_needs_the_token(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    cookie = (await agent1.get("/api/v2/me")).cookies["JSESSIONID"]
    browser = await gateway.client(headers={"Cookie": f"JSESSIONID={cookie}"})

    answer = await browser.post("/cometd/handshake", json=[{"channel": "/meta/handshake"}])

    assert answer.status_code == 403
    assert "Missing or invalid Csrf token" in answer.text


async def test_pages_of_other_origins_are_not_served(agent1: httpx2.AsyncClient) -> None:
    answer = await agent1.post(CHANNEL, json=NOT_READY, headers={"Origin": "https://evil.example"})

    assert answer.status_code == 403
    assert failure(3, answer.json())


async def test_welcome_origins_may_read_the_token(
    world: World, vhost_url: str, database_url: str
) -> None:
    origin = {"Origin": "https://desk.example"}
    async with running_gateway(
        world, vhost_url, database_url, allowed_origins="https://desk.example"
    ) as gateway:
        await gateway.hire("agent1")
        agent1 = await gateway.client("agent1")

        preflight = await agent1.options("/api/v2/me", headers=origin)
        answer = await agent1.get("/api/v2/me", headers=origin)

    assert (preflight.status_code, answer.status_code) == (204, 200)
    assert "X-CSRF-TOKEN" in preflight.headers["access-control-allow-headers"]
    assert answer.headers["access-control-allow-origin"] == "https://desk.example"
    assert "X-CSRF-TOKEN" in answer.headers["access-control-expose-headers"]


async def test_a_client_that_reads_only_200_gets_the_body_all_the_same(
    world: World, vhost_url: str, database_url: str
) -> None:
    async with running_gateway(world, vhost_url, database_url, http_errors="always-200") as gateway:
        await gateway.hire("agent1")
        agent1 = await gateway.client("agent1")

        answer = await agent1.get("/api/v2/interactions/0000000000000000")

    assert answer.status_code == 200
    assert failure(6, answer.json())


async def test_fifty_first_requests_share_one_session(gateway: Gateway) -> None:
    await gateway.hire("crowd")
    client = await gateway.client("crowd")

    answers = await asyncio.gather(*(client.get("/api/v2/me") for _ in range(50)))

    assert {answer.status_code for answer in answers} == {200}
    assert await gateway.world.database["sessions"].count_documents({"agent_id": "crowd"}) == 1
