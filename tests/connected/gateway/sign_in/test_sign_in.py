"""Agents log in at a certified OpenID provider; the gateway exchanges the code for a session."""

import re
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx2
import pytest
import pytest_asyncio

from deploy.local.processes.ports import free_port
from services.gateway.sign_in.pages import ATTEMPT
from tests.fixtures.broker import Broker
from tests.fixtures.openid_provider import running_provider
from tests.support.backend import Backend, open_backend
from tests.support.gateway import Gateway, running_gateway

# The first of these tests may install packages of Node.
pytestmark = [pytest.mark.connected, pytest.mark.timeout(300)]

_ACTION = re.compile(r'action="([^"]+)"')


@dataclass(frozen=True)
class House:
    """A gateway, its provider, and what a browser does at both."""

    gateway: Gateway
    issuer: str

    async def browser(self) -> httpx2.AsyncClient:
        """Return a client that keeps cookies and follows nothing by itself."""
        return await self.gateway.client()

    async def begin(self, browser: httpx2.AsyncClient, query: str = "") -> str:
        """Ask the gateway for a login; return where it leads."""
        led = await browser.get(f"/desktop/sign-in{query}")
        assert led.status_code == 303
        return str(led.headers["location"])

    async def log_in_there(self, browser: httpx2.AsyncClient, address: str, name: str) -> str:
        """Fill in the provider's forms; return the address to which it leads back."""
        for _ in range(12):
            page = await browser.get(address)
            while page.is_redirect:
                address = urljoin(address, page.headers["location"])
                if address.startswith(self.gateway.url):
                    return address
                page = await browser.get(address)
            form = _ACTION.search(page.text)
            assert form, page.text
            prompt = "login" if 'name="login"' in page.text else "consent"
            fields = {"prompt": prompt, "login": name, "password": "any"}
            sent = await browser.post(urljoin(address, form[1]), data=fields)
            address = urljoin(address, sent.headers["location"])
        raise AssertionError(address)


@pytest_asyncio.fixture(scope="module")
async def house(broker: Broker, mongodb_url: str) -> AsyncIterator[House]:
    """A gateway whose agents log in at a provider; both have the same time."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    database_url = urlsplit(mongodb_url)._replace(path=f"/test_{secrets.token_hex(6)}").geturl()
    with broker.virtual_host() as vhost_url:
        async with (
            open_backend(vhost_url, database_url) as backend,
            running_provider(url) as provider,
            running_gateway(
                backend,
                vhost_url,
                database_url,
                port=str(port),
                public_url=url,
                **provider.settings,
            ) as gateway,
        ):
            backend.clock.move(datetime.now(UTC) - backend.clock.now())
            await gateway.add_agent("agent1")
            await gateway.add_agent("former", enabled=False)
            yield House(gateway, provider.issuer)
            await backend.database.client.drop_database(backend.database.name)


async def test_code_begins_a_session_and_no_token_reaches_the_page(house: House) -> None:
    browser = await house.browser()

    address = await house.log_in_there(browser, await house.begin(browser), "agent1")
    back = await browser.get(address)
    me = await browser.get("/api/v2/me")
    again = await browser.get(address)
    page = await browser.get("/desktop/")

    assert (back.status_code, back.headers["location"]) == (303, f"{house.gateway.url}/desktop/")
    assert (back.text, back.headers["cache-control"]) == ("", "no-store")
    assert me.json()["user"]["userName"] == "agent1"
    assert me.headers["x-csrf-token"]
    # The attempt is over: its code is not exchanged a second time.
    assert again.headers["location"].endswith("/desktop/?sign-in=late")
    assert page.status_code == 503 or '<meta name="sign-in"' in page.text


async def test_session_of_a_provider_has_no_password(house: House) -> None:
    browser = await house.browser()
    await browser.get(await house.log_in_there(browser, await house.begin(browser), "agent1"))

    empty = await browser.get("/api/v2/me", auth=("agent1", ""))
    forged = await browser.post("/api/v2/me/channels/email", json={"operationName": "Ready"})

    assert (empty.status_code, forged.status_code) == (401, 403)


async def test_window_of_a_login_is_told_from_a_page(house: House) -> None:
    browser = await house.browser()

    address = await house.log_in_there(browser, await house.begin(browser, "?window"), "agent1")
    back = await browser.get(address)

    assert back.headers["location"].endswith("/desktop/?sign-in=done&window")


@pytest.mark.parametrize("name", ["former", "nobody"])
async def test_person_without_an_account_gets_no_session(house: House, name: str) -> None:
    browser = await house.browser()

    back = await browser.get(await house.log_in_there(browser, await house.begin(browser), name))
    me = await browser.get("/api/v2/me")

    assert back.headers["location"].endswith("/desktop/?sign-in=unknown")
    assert me.status_code == 401


async def test_code_of_another_browser_is_refused(house: House) -> None:
    thief, victim = await house.browser(), await house.browser()
    address = await house.log_in_there(thief, await house.begin(thief), "agent1")

    without = await victim.get(address)
    await house.begin(victim)
    other = await victim.get(address)
    me = await victim.get("/api/v2/me")

    assert without.headers["location"].endswith("?sign-in=late")
    assert other.headers["location"].endswith("?sign-in=late")
    assert me.status_code == 401


async def test_attempts_of_two_tabs_end_both_in_a_session(house: House) -> None:
    browser = await house.browser()
    first, second = await house.begin(browser), await house.begin(browser, "?window")

    # The provider asks once, and knows the person in the second tab.
    back = await house.log_in_there(browser, first, "agent1")
    later = await house.log_in_there(browser, second, "agent1")
    ends = [(await browser.get(one)).headers["location"] for one in (later, back)]

    assert [one.partition("/desktop/")[2] for one in ends] == ["?sign-in=done&window", ""]
    assert (await browser.get("/api/v2/me")).status_code == 200


async def test_attempts_that_nobody_ends_do_not_pile_up(house: House) -> None:
    browser = await house.browser()
    led = [await house.begin(browser) for _ in range(20)]

    kept = [one.name for one in browser.cookies.jar if one.name.startswith(ATTEMPT)]
    back = await browser.get(await house.log_in_there(browser, led[-1], "agent1"))

    assert len(kept) == 8
    assert back.headers["location"].endswith("/desktop/")


@pytest.mark.parametrize("change", ["code=made-up", "error=access_denied"])
async def test_bad_code_or_refusal_is_said_on_the_page(house: House, change: str) -> None:
    browser = await house.browser()
    asked = parse_qs(urlsplit(await house.begin(browser)).query)

    back = await browser.get(f"/desktop/sign-in/callback?state={asked['state'][0]}&{change}")

    assert back.headers["location"].endswith("?sign-in=refused")


async def test_login_is_opened_and_never_posted(house: House) -> None:
    posted = await (await house.browser()).post("/desktop/sign-in")

    assert (posted.status_code, posted.headers["allow"]) == (405, "GET, OPTIONS")


async def test_provider_that_is_away_is_said_on_the_page(
    backend: Backend, vhost_url: str, database_url: str
) -> None:
    port = free_port()
    settings = {
        "public_url": f"http://127.0.0.1:{port}",
        "oidc_issuer": f"http://127.0.0.1:{free_port()}",
        "oidc_audience": "mailroom-api",
        "oidc_jwks_url": f"http://127.0.0.1:{free_port()}/jwks",
        "oidc_client_id": "mailroom",
    }
    async with running_gateway(
        backend, vhost_url, database_url, port=str(port), **settings
    ) as gateway:
        led = await (await gateway.client()).get("/desktop/sign-in")

    assert led.headers["location"].endswith("/desktop/?sign-in=away")
