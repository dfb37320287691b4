"""A desktop on another site than the gateway, in a browser that blocks third-party cookies."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page
from structlog.testing import capture_logs

from deploy.local.folders import temporary_folder
from services.gateway.cometd_options import REMEDIES
from shared.contracts.events import AgentReady
from tests.cometd_client import client as cometd_client
from tests.fixtures.chromium import running_chromium
from tests.fixtures.https import certificate, site, tls_proxy
from tests.support.gateway import Gateway, running_gateway

pytestmark = pytest.mark.connected

_BLOCKING: Final = {"profile": {"cookie_controls_mode": 1, "block_third_party_cookies": True}}
"""As a user sets it: third-party cookies are blocked, partitioned ones are none."""

_LIBRARY: Final = cometd_client.HERE / "node_modules" / "cometd"


@dataclass(frozen=True, slots=True)
class Desktop:
    """A page of another site and the gateway that it works with."""

    page: Page
    gateway: Gateway
    url: str

    async def begin(self, transport: Literal["websocket", "long-polling"]) -> None:
        """Log in and connect, without waiting for what comes of it."""
        await self.page.evaluate(
            "wanted => window.begin(wanted)",
            {"gateway": self.url, "transport": transport, "user": "agent1"},
        )

    async def comes_to(self, condition: str) -> None:
        """Return when the page has seen something."""
        await self.page.wait_for_function(f"(({{{_SEEN}}}) => {condition})(window.seen)")

    async def cookies(self) -> Mapping[str, object]:
        """Return the names of the browser's cookies, and for which site each is kept apart."""
        found = await self.page.context.cookies()
        return {one["name"]: one.get("partitionKey") for one in found}


_SEEN: Final = "handshakes, intervals, transports, heard, subscribed, unknown"


@asynccontextmanager
async def desktop_of_another_site(gateway: Gateway, **options: str) -> AsyncIterator[Desktop]:
    await cometd_client.install()
    here = Path(__file__).parent
    files = {"/": (here / "desktop.html").read_bytes()}
    files |= {f"/cometd/{file.name}": file.read_bytes() for file in _LIBRARY.glob("*.js")}
    with temporary_folder() as folder:
        shown = certificate(folder, "desk.test", "mail.test")
        async with (
            site(shown, files) as desk,
            running_gateway(
                gateway.backend,
                gateway.broker_url,
                gateway.database_url,
                secure_cookies="true",
                cookie_same_site="None",
                allowed_origins=f"https://desk.test:{desk}",
                **options,
            ) as pod,
        ):
            port = urlsplit(pod.url).port
            assert port is not None
            async with (
                tls_proxy(shown, port) as mail,
                running_chromium(
                    shown.flag,
                    hosts={"desk.test": "127.0.0.1", "mail.test": "127.0.0.1"},
                    preferences=_BLOCKING,
                ) as browser,
            ):
                page = await browser.new_page()
                await page.goto(f"https://desk.test:{desk}/")
                await page.wait_for_function("window.begin !== undefined")
                yield Desktop(page, pod, f"https://mail.test:{mail}")


@pytest.mark.parametrize("transport", ["long-polling", "websocket"])
async def test_a_desktop_of_another_site_hears_its_events(
    gateway: Gateway, transport: Literal["websocket", "long-polling"]
) -> None:
    async with desktop_of_another_site(gateway) as desktop:
        await desktop.begin(transport)
        await desktop.comes_to("subscribed > 0 && transports.length > 0")
        for number in (1, 2, 3):
            await gateway.announce(AgentReady(agent_id="agent1"))
            await desktop.comes_to(f"heard.length === {number}")
        seen = await desktop.page.evaluate("window.seen")
        cookies = await desktop.cookies()

    assert (seen["handshakes"], seen["unknown"]) == (1, 0)
    assert set(seen["transports"]) == {transport}
    assert cookies.keys() >= {"JSESSIONID"}
    assert set(cookies.values()) == {"https://desk.test"}


async def test_unpartitioned_cookies_slow_polling_and_are_logged(
    gateway: Gateway,
) -> None:
    with capture_logs() as logs:
        async with desktop_of_another_site(gateway, cookie_partitioned="false") as desktop:
            await desktop.begin("long-polling")
            await desktop.comes_to("unknown > 3 && intervals.at(-1) > 0")
            seen = await desktop.page.evaluate("window.seen")
            cookies = await desktop.cookies()

    assert cookies == {}
    assert seen["handshakes"] <= 10
    assert seen["transports"] == []
    [said] = [one for one in logs if one["event"] == "a client returns no cookie"]
    assert said["origin"].startswith("https://desk.test:")
    assert said["remedy"] == REMEDIES.not_partitioned


async def test_trusted_client_ids_poll_without_any_cookie(gateway: Gateway) -> None:
    async with desktop_of_another_site(
        gateway, cookie_partitioned="false", trust_client_id="true"
    ) as desktop:
        await desktop.begin("long-polling")
        await desktop.comes_to("subscribed > 0 && transports.length > 0")
        await gateway.announce(AgentReady(agent_id="agent1"))
        await desktop.comes_to("heard.length === 1")
        seen = await desktop.page.evaluate("window.seen")
        cookies = await desktop.cookies()

    assert cookies == {}
    assert (seen["handshakes"], seen["unknown"]) == (1, 0)
