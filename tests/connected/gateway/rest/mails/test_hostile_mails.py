"""Hundreds of hostile mails in a real browser: nothing runs, and nothing outside is asked for."""

import asyncio
import re
from typing import Final

import pytest
from playwright.async_api import BrowserContext, Page

from services.gateway.wire.mail_page import VIEW_SANDBOX
from shared.domain.interaction import Email
from shared.mail.html.sanitizer import sanitise
from tests.fixtures.chromium import running_chromium
from tests.support.gateway import Gateway
from tests.support.hostile_html import hostile_html

pytestmark = pytest.mark.connected

HOST: Final = "hostile.example"
MAILS: Final = list(hostile_html(HOST))
_BATCH: Final = 120
_CLICK: Final = """() => {
    const frames = [...document.querySelectorAll('iframe')]
    const pages = frames.map(one => one.contentDocument)
    for (const page of pages)
        for (const link of page.querySelectorAll('[href]'))
            if (!/^(https?|mailto|tel|ftp):/.test(link.getAttribute('href'))) link.click()
    return pages.map(page => page.URL)
}"""


class Listener:
    """Listens where `HOST` is said to be, and counts the connections."""

    def __init__(self) -> None:
        self.asked = 0

    async def answer(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Count a connection, and end it."""
        self.asked += 1
        writer.close()


async def shown(page: Page, gateway: Gateway, ids: list[str]) -> list[str]:
    """Show mails in frames of one page, press odd links; return the addresses of the frames."""
    parent = f"{gateway.url}/page"
    frames = "".join(
        f'<iframe sandbox="{VIEW_SANDBOX}" src="/api/v2/ucs/interactions/{one}/view"></iframe>'
        for one in ids
    )
    await page.route(parent, lambda route: route.fulfill(body=frames, content_type="text/html"))
    await page.goto(parent, wait_until="load")
    found: list[str] = await page.evaluate(_CLICK)
    await page.unroute(parent)
    return found


async def log_in(browser: BrowserContext, gateway: Gateway) -> None:
    """Give a browser the session of agent1."""
    client = await gateway.client("agent1")
    await client.get("/api/v2/me")
    for one in client.cookies.jar:
        await browser.add_cookies(
            [{"name": one.name, "value": one.value or "", "url": gateway.url}]
        )


def test_hostile_mails_are_many_and_different() -> None:
    assert len(set(MAILS)) >= 300


async def test_listener_hears_a_hostile_mail_that_nothing_cleaned() -> None:
    listener = Listener()
    server = await asyncio.start_server(listener.answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    async with server, running_chromium(hosts={HOST: f"127.0.0.1:{port}"}) as browser:
        page = await browser.new_page()
        await page.set_content(MAILS[0], wait_until="load")

    assert listener.asked


async def test_no_hostile_mail_runs_or_loads_anything(gateway: Gateway) -> None:
    listener = Listener()
    server = await asyncio.start_server(listener.answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    mails = await asyncio.gather(
        *(gateway.accepted(mail=Email(html=sanitise(one) or "", text=one)) for one in MAILS)
    )
    ids = [one.id for one in mails]
    asked: list[str] = []
    opened: list[str] = []

    async with server, running_chromium(hosts={HOST: f"127.0.0.1:{port}"}) as browser:
        await log_in(browser, gateway)
        page = await browser.new_page()
        browser.on("page", lambda one: opened.append(one.url))
        browser.on("request", lambda request: asked.append(request.url))
        places = [
            place
            for at in range(0, len(ids), _BATCH)
            for place in await shown(page, gateway, ids[at : at + _BATCH])
        ]

    views = [f"{gateway.url}/api/v2/ucs/interactions/{one}/view" for one in ids]
    outside = [one for one in asked if not re.match(rf"{gateway.url}/|blocked:|data:|cid:", one)]
    assert places == views
    assert (listener.asked, outside, opened) == (0, [], [])
