"""Authentication: passwords, sessions, forged requests, origins."""

import asyncio
import base64
from datetime import timedelta
from http.cookies import SimpleCookie
from urllib.parse import urlsplit

import httpx2
import pytest
import websockets

from services.gateway.auth.passwords.failed_login_store import FailedLoginStore
from services.gateway.auth.passwords.login_throttle import Attempt, LoginThrottle
from services.gateway.auth.passwords.password_checker import PasswordChecker
from shared.contracts.events import AgentNotReady
from shared.storage.indexes import LOGIN_FAILURES
from tests.connected.plans import plans_of
from tests.support.backend import Backend
from tests.support.bayeux_client import HANDSHAKE
from tests.support.gateway import Gateway, failure, running_gateway

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
    await gateway.add_agent("former", enabled=False)
    former = await gateway.client("former")

    assert (await former.get("/api/v2/me")).status_code == 401


async def test_guessing_is_slowed_down_for_that_name_only(gateway: Gateway) -> None:
    await gateway.add_agent("victim")
    guesser = await gateway.client()
    for _ in range(6):
        assert (await guesser.get("/api/v2/me", auth=("victim", "guess"))).status_code == 401

    answer = await guesser.get("/api/v2/me", auth=("victim", "victim"))

    assert answer.status_code == 429
    assert failure(4, answer.json())
    assert int(answer.headers["retry-after"]) >= 1
    assert (await (await gateway.client("agent2")).get("/api/v2/me")).status_code == 200


async def test_guessing_is_slowed_down_by_all_pods_together(
    gateway: Gateway, vhost_url: str, database_url: str
) -> None:
    await gateway.add_agent("shared")
    async with running_gateway(gateway.backend, vhost_url, database_url) as other:
        for pod in (gateway, other) * 3:
            await (await pod.client()).get("/api/v2/me", auth=("shared", "guess"))

        answers = [
            await (await pod.client()).get("/api/v2/me", auth=("shared", "guess"))
            for pod in (gateway, other)
        ]

    assert [answer.status_code for answer in answers] == [429, 429]


async def test_the_wait_is_the_same_for_nobody_and_ends(gateway: Gateway) -> None:
    guesser = await gateway.client()
    tries = [("phantom", "guess")] * 7

    answers = [await guesser.get("/api/v2/me", auth=auth) for auth in tries]
    gateway.backend.clock.move(timedelta(minutes=5))
    later = await guesser.get("/api/v2/me", auth=("phantom", "guess"))

    assert [answer.status_code for answer in answers] == [401] * 6 + [429]
    assert later.status_code == 401


async def test_many_guesses_at_once_are_counted_one_by_one(gateway: Gateway) -> None:
    await gateway.add_agent("besieged")
    guesser = await gateway.client()

    answers = await asyncio.gather(
        *(guesser.get("/api/v2/me", auth=("besieged", f"guess {n}")) for n in range(20))
    )

    assert sorted(answer.status_code for answer in answers) == [401] * 6 + [429] * 14


async def test_guessing_does_not_lock_out_the_device_with_a_session(gateway: Gateway) -> None:
    await gateway.add_agent("veteran")
    device = await gateway.client("veteran")
    await device.get("/api/v2/me")
    guesser = await gateway.client()
    for number in range(8):
        await guesser.get("/api/v2/me", auth=("veteran", f"guess {number}"))
    await gateway.backend.database["agents"].update_one(
        {"_id": "veteran"}, {"$set": {"first_name": "Vera"}}
    )

    assert (await guesser.get("/api/v2/me", auth=("veteran", "veter"))).status_code == 429
    assert (await device.get("/api/v2/me")).status_code == 200


ELSEWHERE = {"X-Forwarded-For": "203.0.113.9"}


@pytest.mark.parametrize("where", [{}, ELSEWHERE], ids=["same address", "elsewhere"])
async def test_lock_out_answers_right_and_wrong_guesses_alike(
    gateway: Gateway, where: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"guessed-{len(where)}"
    await gateway.add_agent(name)
    await (await gateway.client(name)).get("/api/v2/me")
    guesser = await gateway.client(headers=where)
    for number in range(6):
        await guesser.get("/api/v2/me", auth=(name, f"guess {number}"))
    monkeypatch.setattr(PasswordChecker, "match", _never)

    right = await guesser.get("/api/v2/me", auth=(name, name))
    wrong = await guesser.get("/api/v2/me", auth=(name, "wrong"))

    assert (right.status_code, right.text) == (429, wrong.text)
    assert right.headers["retry-after"] == wrong.headers["retry-after"]
    assert "set-cookie" not in right.headers


async def test_a_password_is_remembered_only_where_it_was_shown(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    await gateway.add_agent("settled")
    await (await gateway.client("settled")).get("/api/v2/me")
    monkeypatch.setattr(PasswordChecker, "match", _refuse)

    at_home = await (await gateway.client("settled")).get("/api/v2/me")
    from_elsewhere = await (await gateway.client("settled", headers=ELSEWHERE)).get("/api/v2/me")

    assert (at_home.status_code, from_elsewhere.status_code) == (200, 401)


async def test_a_password_shown_again_and_again_reads_no_counters(gateway: Gateway) -> None:
    await gateway.add_agent("cookieless")
    for _ in range(2):
        await (await gateway.client("cookieless")).get("/api/v2/me")

    async with plans_of(gateway.backend.database, LOGIN_FAILURES) as plans:
        answers = [await (await gateway.client("cookieless")).get("/api/v2/me") for _ in range(5)]

    assert {answer.status_code for answer in answers} == {200}
    assert plans == []


async def test_a_wrong_guess_has_the_counters_read_again(
    gateway: Gateway, vhost_url: str, database_url: str
) -> None:
    await gateway.add_agent("watched")
    async with running_gateway(gateway.backend, vhost_url, database_url) as other:
        await (await gateway.client("watched")).get("/api/v2/me")
        for number in range(6):
            await (await other.client()).get("/api/v2/me", auth=("watched", f"guess {number}"))

        wrong = await (await gateway.client()).get("/api/v2/me", auth=("watched", "wrong"))
        right = await (await gateway.client()).get("/api/v2/me", auth=("watched", "watched"))

    assert (wrong.status_code, right.status_code) == (429, 429)


async def test_a_stolen_cookie_does_not_tell_its_password(gateway: Gateway) -> None:
    await gateway.add_agent("robbed")
    cookie = (await (await gateway.client("robbed")).get("/api/v2/me")).cookies["JSESSIONID"]
    thief = await gateway.client(headers={"Cookie": f"JSESSIONID={cookie}"} | ELSEWHERE)
    for number in range(6):
        await thief.get("/api/v2/me", auth=("robbed", f"guess {number}"))

    right = await thief.get("/api/v2/me", auth=("robbed", "robbed"))

    assert right.status_code == 429


async def test_known_address_counts_only_its_own_failures(
    gateway: Gateway,
) -> None:
    failures, now = FailedLoginStore(gateway.backend.database), gateway.backend.clock.now()
    throttle, at_home = LoginThrottle(failures), Attempt("known", "192.0.2.1")
    await throttle.succeed(at_home, now)
    for number in range(120):
        await throttle.fail(Attempt("known", f"198.51.100.{number}"), now)

    assert await throttle.wait(at_home, now) == 0
    assert await throttle.wait(Attempt("known", "192.0.2.2"), now) == 300


async def test_failures_are_forgotten_by_half_in_a_quarter_of_an_hour(gateway: Gateway) -> None:
    failures, now = FailedLoginStore(gateway.backend.database), gateway.backend.clock.now()
    await failures.add(["decaying"], now, timedelta(minutes=15))
    await failures.add(["decaying"], now, timedelta(minutes=15))

    await failures.add(["decaying"], now + timedelta(minutes=15), timedelta(minutes=15))

    assert (await failures.read(["decaying"]))["decaying"].count == pytest.approx(2.0)


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

    async with running_gateway(gateway.backend, vhost_url, database_url) as other:
        stranger = await other.client()
        answer = await stranger.get("/api/v2/me", headers={"Cookie": f"JSESSIONID={cookie}"})

    assert answer.status_code == 200


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Passwords that had to be checked against a hash; they are believed by nobody."""
    checked: list[str] = []

    async def match(_: PasswordChecker, password: str, stored: str | None) -> bool:
        del stored
        checked.append(password)
        return False

    monkeypatch.setattr(PasswordChecker, "match", match)
    return checked


@pytest.mark.parametrize("begun_with", ["REST", "CometD", "a socket"])
async def test_session_password_is_accepted_by_every_pod_at_once(
    gateway: Gateway,
    begun_with: str,
    vhost_url: str,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cookie = await _begin(gateway, begun_with)
    async with running_gateway(gateway.backend, vhost_url, database_url) as other:
        checked = await other.client("agent1", headers={"Cookie": f"JSESSIONID={cookie}"})
        monkeypatch.setattr(PasswordChecker, "match", _never)

        answer = await checked.post(CHANNEL, json=NOT_READY)

    assert answer.status_code == 200


async def test_any_other_password_is_checked_whatever_the_cookie(
    gateway: Gateway, agent1: httpx2.AsyncClient, unchecked: list[str]
) -> None:
    cookie = (await agent1.get("/api/v2/me")).cookies["JSESSIONID"]
    headers = {"Cookie": f"JSESSIONID={cookie}"}
    stranger = await gateway.client(headers=headers)

    wrong = await stranger.get("/api/v2/me", auth=("agent1", "wrong"))
    other = await stranger.get("/api/v2/me", auth=("admin", "agent1"))

    assert (wrong.status_code, other.status_code) == (401, 401)
    assert unchecked == ["wrong", "agent1"]


async def test_a_session_ends_by_time(gateway: Gateway, agent1: httpx2.AsyncClient) -> None:
    cookie = (await agent1.get("/api/v2/me")).cookies["JSESSIONID"]
    gateway.backend.clock.move(timedelta(hours=8))
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
    assert gateway.backend.take_events() == []


async def test_a_cookie_and_its_token_may_change_something(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    cookie = (await agent1.get("/api/v2/me")).cookies["JSESSIONID"]
    browser = await gateway.client(headers={"Cookie": f"JSESSIONID={cookie}"})
    read = await browser.get("/api/v2/me")
    token = {read.headers["x-csrf-header"]: read.headers["x-csrf-token"]}

    answer = await browser.post(CHANNEL, json=NOT_READY, headers=token)

    assert answer.status_code == 200
    assert (await gateway.backend.next_event(AgentNotReady)).agent_id == "agent1"


async def test_cookie_alone_is_enough_without_the_csrf_check(
    backend: Backend, vhost_url: str, database_url: str
) -> None:
    async with running_gateway(backend, vhost_url, database_url, csrf="off") as gateway:
        await gateway.add_agent("agent1")
        begun = await (await gateway.client("agent1")).get("/api/v2/me")
        browser = await gateway.client(
            headers={"Cookie": f"JSESSIONID={begun.cookies['JSESSIONID']}"}
        )

        answer = await browser.post(CHANNEL, json=NOT_READY)

    assert answer.status_code == 200
    assert "x-csrf-token" not in begun.headers


async def test_headers_that_are_too_large_are_refused(agent1: httpx2.AsyncClient) -> None:
    answer = await agent1.get("/api/v2/me", headers={"X-Large": "x" * 40_000})

    assert answer.status_code == 431
    assert "Send at most 100 headers" in answer.text
    assert answer.headers["connection"] == "close"


async def test_headers_without_end_are_cut_off(gateway: Gateway) -> None:
    address = urlsplit(gateway.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(b"GET /api/v2/me HTTP/1.1\r\nX-Large: " + b"x" * 70_000)

    answer = await reader.read()

    writer.close()
    assert answer.startswith(b"HTTP/1.1 431 ")


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
    backend: Backend, vhost_url: str, database_url: str
) -> None:
    origin = {"Origin": "https://desk.example"}
    async with running_gateway(
        backend, vhost_url, database_url, allowed_origins="https://desk.example"
    ) as gateway:
        await gateway.add_agent("agent1")
        agent1 = await gateway.client("agent1")

        preflight = await agent1.options("/api/v2/me", headers=origin)
        answer = await agent1.get("/api/v2/me", headers=origin)

    assert (preflight.status_code, answer.status_code) == (204, 200)
    assert "X-CSRF-TOKEN" in preflight.headers["access-control-allow-headers"]
    assert answer.headers["access-control-allow-origin"] == "https://desk.example"
    assert "X-CSRF-TOKEN" in answer.headers["access-control-expose-headers"]


async def test_client_that_reads_only_200_gets_the_error_body(
    backend: Backend, vhost_url: str, database_url: str
) -> None:
    async with running_gateway(
        backend, vhost_url, database_url, http_errors="always-200"
    ) as gateway:
        await gateway.add_agent("agent1")
        agent1 = await gateway.client("agent1")

        answer = await agent1.get("/api/v2/interactions/0000000000000000")

    assert answer.status_code == 200
    assert failure(6, answer.json())


async def test_fifty_first_requests_share_one_session(gateway: Gateway) -> None:
    await gateway.add_agent("crowd")
    client = await gateway.client("crowd")

    answers = await asyncio.gather(*(client.get("/api/v2/me") for _ in range(50)))

    assert {answer.status_code for answer in answers} == {200}
    assert await gateway.backend.database["sessions"].count_documents({"agent_id": "crowd"}) == 1


async def _begin(gateway: Gateway, how: str) -> str:
    """Log in by password and return the cookie of the session."""
    agent1 = await gateway.client("agent1")
    if how == "REST":
        return (await agent1.get("/api/v2/me")).cookies["JSESSIONID"]
    if how == "CometD":
        return (await agent1.post("/cometd", json=[HANDSHAKE])).cookies["JSESSIONID"]
    basic = base64.b64encode(b"agent1:agent1").decode()
    async with websockets.connect(
        f"{gateway.url.replace('http', 'ws')}/cometd",
        additional_headers={"Authorization": f"Basic {basic}"},
    ) as socket:
        assert socket.response is not None
        cookies: SimpleCookie = SimpleCookie()
        for value in socket.response.headers.get_all("Set-Cookie"):
            cookies.load(value)
        return cookies["JSESSIONID"].value


async def _never(*_: object) -> bool:
    raise AssertionError("checked against a hash")


async def _refuse(*_: object) -> bool:
    return False
