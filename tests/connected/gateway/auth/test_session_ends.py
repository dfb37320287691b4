"""Sessions end for good: by logout, by time, by disabling the agent, or all at once."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx2
import pytest
import websockets

from services.console.agent_directory import AgentDirectory
from services.gateway.auth.agent_cache import AgentCache
from services.gateway.auth.sessions.cookie_sessions import CookieSessions
from services.gateway.auth.sessions.session_store import SessionStore, session_key
from shared.contracts.contact_center import Agent
from shared.storage.agents import agent_login_store
from shared.storage.agents.agent_login_store import AgentLoginStore
from tests.connected.gateway.auth.test_revoking import connected
from tests.support.bayeux_client import open_socket
from tests.support.gateway import Gateway, hashed, running_gateway

pytestmark = pytest.mark.connected

LOG_OUT = {"operationName": "EndContactCenterSession"}
FIVE_SECONDS = timedelta(seconds=5)


async def logged_in(gateway: Gateway, name: str = "agent1") -> httpx2.AsyncClient:
    """Return a browser: it has a cookie and the token against forgery, and no password."""
    begun = await (await gateway.client(name)).get("/api/v2/me")
    cookie = {"Cookie": f"JSESSIONID={begun.cookies['JSESSIONID']}"}
    return await gateway.client(headers=cookie | {"X-CSRF-TOKEN": begun.headers["x-csrf-token"]})


async def status(browser: httpx2.AsyncClient) -> int:
    return (await browser.get("/api/v2/me")).status_code


async def apply(
    gateway: Gateway,
    *,
    password: str = "agent1",  # noqa: S107 - of a test
    enabled: bool = True,
) -> None:
    """Describe agent1 as `mailroom apply` does."""
    described = Agent(user_name="agent1", password_hash=hashed(password), enabled=enabled)
    await AgentDirectory(gateway.backend.database, gateway.backend.clock).write([described])
    gateway.backend.clock.move(FIVE_SECONDS)


async def test_logging_out_ends_the_session_and_its_cookie(gateway: Gateway) -> None:
    browser = await logged_in(gateway)

    answer = await browser.post("/api/v2/me", json=LOG_OUT)

    assert answer.json() == {"status": "ok", "statusCode": 0}
    assert "JSESSIONID=; " in answer.headers["set-cookie"]
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert await status(browser) == 401


async def test_logging_out_with_a_password_ends_the_cookie_too(gateway: Gateway) -> None:
    desktop = await gateway.client("agent1")
    cookie = (await desktop.get("/api/v2/me")).cookies["JSESSIONID"]
    browser = await gateway.client(headers={"Cookie": f"JSESSIONID={cookie}"})

    answer = await desktop.post("/api/v2/me", json=LOG_OUT)
    again = await desktop.get("/api/v2/me")

    assert (answer.status_code, again.status_code) == (200, 200)
    assert again.cookies["JSESSIONID"] != cookie
    assert await status(browser) == 401


async def test_a_client_without_cookies_gets_a_new_session_after_it(gateway: Gateway) -> None:
    async def ask(method: str = "GET", **options: Any) -> httpx2.Response:
        return await (await gateway.client("agent1")).request(method, "/api/v2/me", **options)

    before = (await ask()).cookies["JSESSIONID"]
    ended = await ask("POST", json=LOG_OUT)
    after = (await ask()).cookies["JSESSIONID"]

    assert ended.headers.get_list("set-cookie") == [
        "JSESSIONID=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"
    ]
    assert before != after


async def test_ended_session_is_refused_by_other_pods_within_seconds(
    gateway: Gateway, vhost_url: str, database_url: str
) -> None:
    browser = await logged_in(gateway)
    async with running_gateway(gateway.backend, vhost_url, database_url) as other:
        cluster = await other.client(headers=dict(browser.headers))
        assert await status(cluster) == 200

        await browser.post("/api/v2/me", json=LOG_OUT)
        gateway.backend.clock.move(FIVE_SECONDS)
        answers = [await status(cluster), await status(cluster)]
        begun = await (await other.client("agent1")).get("/api/v2/me")
        renewed = await other.client(
            headers={"Cookie": f"JSESSIONID={begun.cookies['JSESSIONID']}"}
        )

        assert answers == [401, 401]
        assert await status(renewed) == 200


async def test_a_held_connect_ends_with_its_session(gateway: Gateway) -> None:
    known = await logged_in(gateway)
    # It returns what a handshake leaves in it as well.
    browser = await gateway.client(
        cookies={"JSESSIONID": known.headers["cookie"].partition("=")[2]},
        headers={"X-CSRF-TOKEN": known.headers["x-csrf-token"]},
    )
    held = asyncio.create_task((await connected(browser)).ask("/meta/connect"))

    await browser.post("/api/v2/me", json=LOG_OUT)
    replies = await held

    assert replies[-1]["error"] == "401::login_revoked"
    assert replies[-1]["advice"]["reconnect"] == "none"


async def test_a_socket_at_another_pod_ends_with_its_session(
    gateway: Gateway, vhost_url: str, database_url: str
) -> None:
    browser = await logged_in(gateway)
    cookie = {"Cookie": browser.headers["cookie"]}
    async with (
        running_gateway(gateway.backend, vhost_url, database_url) as other,
        open_socket(other.url, cookie) as client,
    ):
        await client.handshake()

        await browser.post("/api/v2/me", json=LOG_OUT)
        await client.socket.wait_closed()

    assert client.socket.close_code == 1008


async def test_password_login_outlives_its_cookie_session(gateway: Gateway) -> None:
    desktop = await gateway.client("agent1")
    held = asyncio.create_task((await connected(desktop)).ask("/meta/connect"))

    await desktop.post("/api/v2/me", json=LOG_OUT)
    [reply] = await held

    assert reply["successful"] is True


async def test_a_session_that_is_used_ends_after_twelve_hours(gateway: Gateway) -> None:
    await gateway.add_agent("busy")
    browser = await logged_in(gateway, "busy")
    used = []
    for _ in range(3):
        gateway.backend.clock.move(timedelta(hours=4, seconds=-1))
        used.append(await status(browser))

    gateway.backend.clock.move(timedelta(seconds=3))

    assert used == [200, 200, 200]
    assert await status(browser) == 401


async def test_a_socket_ends_with_the_absolute_life_of_its_session(
    gateway: Gateway, vhost_url: str, database_url: str
) -> None:
    async with running_gateway(
        gateway.backend, vhost_url, database_url, session_lifetime="PT1.5S"
    ) as brief:
        browser = await logged_in(brief)
        url = f"{brief.url.replace('http', 'ws')}/cometd"
        headers = {"Cookie": browser.headers["cookie"]}
        async with websockets.connect(url, additional_headers=headers) as socket:
            await socket.wait_closed()

    assert socket.close_code == 1008


async def test_a_session_that_listens_is_prolonged_up_to_its_end(gateway: Gateway) -> None:
    await gateway.add_agent("listener")
    backend, browser = gateway.backend, await logged_in(gateway, "listener")
    cookie, began = browser.headers["cookie"].partition("=")[2], backend.clock.now()
    store = SessionStore(backend.database)
    hours = {"idle": timedelta(hours=8), "lifetime": timedelta(hours=12)}
    sessions = CookieSessions(
        store,
        AgentCache(backend.agents, AgentLoginStore(backend.database), backend.clock),
        backend.clock,
        **hours,
    )
    backend.clock.move(timedelta(hours=5))

    ended = await sessions.find_ended({session_key(cookie), session_key("another")})

    prolonged = await store.find(cookie, backend.clock.now())
    assert ended == {session_key("another")}
    assert prolonged
    assert timedelta(hours=11) < prolonged.expires_at - began <= timedelta(hours=12)


async def test_disabling_an_agent_ends_the_sessions_for_good(gateway: Gateway) -> None:
    await apply(gateway)
    browser = await logged_in(gateway)

    await apply(gateway, enabled=False)
    await apply(gateway, enabled=True)

    assert await status(browser) == 401
    assert await status(await logged_in(gateway)) == 200


async def test_agent_removed_from_the_description_loses_sessions(gateway: Gateway) -> None:
    await apply(gateway)
    browser = await logged_in(gateway)

    await AgentDirectory(gateway.backend.database, gateway.backend.clock).write([])
    await apply(gateway)

    assert await status(browser) == 401


async def test_cookie_of_a_disabled_agent_stays_invalid(
    gateway: Gateway,
) -> None:
    browser = await logged_in(gateway)
    logins = gateway.backend.database[agent_login_store.COLLECTION]
    for enabled in (False, True):
        await logins.update_one({"_id": "agent1"}, {"$set": {"enabled": enabled}})
        gateway.backend.clock.move(FIVE_SECONDS)
        assert await status(browser) == 401


async def test_a_password_that_comes_back_brings_no_session_back(gateway: Gateway) -> None:
    await apply(gateway)
    browser = await logged_in(gateway)

    await apply(gateway, password="another")
    await apply(gateway)

    assert await status(browser) == 401


async def test_applying_the_same_again_ends_no_session(gateway: Gateway) -> None:
    await apply(gateway)
    browser = await logged_in(gateway)

    await apply(gateway)

    assert await status(browser) == 200


async def test_an_agent_ends_all_of_their_sessions(
    gateway: Gateway, vhost_url: str, database_url: str
) -> None:
    async with running_gateway(gateway.backend, vhost_url, database_url) as other:
        here, there = await logged_in(gateway), await logged_in(other)
        stranger = await logged_in(gateway, "agent2")
        assert here.headers["cookie"] != there.headers["cookie"]

        answer = await here.delete("/api/v2/me/sessions")
        at_once = await status(here)
        gateway.backend.clock.move(FIVE_SECONDS)

        assert answer.json() == {"status": "ok", "statusCode": 0}
        assert "Max-Age=0" in answer.headers["set-cookie"]
        assert (at_once, await status(there), await status(stranger)) == (401, 401, 200)
        assert await status(await logged_in(other)) == 200


async def test_ending_all_sessions_ends_what_a_password_opened(gateway: Gateway) -> None:
    desktop = await gateway.client("agent1")
    held = asyncio.create_task((await connected(desktop)).ask("/meta/connect"))

    await desktop.delete("/api/v2/me/sessions")
    [reply] = await held

    assert reply["error"] == "401::login_revoked"


async def test_a_page_ends_no_sessions_of_its_visitor(gateway: Gateway) -> None:
    browser = await logged_in(gateway)
    del browser.headers["x-csrf-token"]

    assert (await browser.delete("/api/v2/me/sessions")).status_code == 403
    assert await status(browser) == 200
