"""Mails in a real browser: their styles, their pictures, and those from outside."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Page

from deploy.local.folders import temporary_folder
from services.gateway.wire.mail_page import SANDBOX, VIEW_SANDBOX
from shared.domain.interaction import Attachment, Email, Interaction
from shared.mail.html.sanitizer import sanitise
from shared.storage.files.document_store import DocumentStore
from shared.storage.files.vault import Vault
from tests.fixtures.chromium import running_chromium
from tests.fixtures.https import certificate, site
from tests.support.gateway import Gateway

pytestmark = pytest.mark.connected

DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)
PICTURE = Attachment("00009A8T8Y13002S", "logo.png", len(DOT), "image/png", "logo@example")
RED = "rgb(255, 0, 0)"
STATE = """() => [...document.images].map(one => [one.alt, one.complete && one.naturalWidth > 0])"""


async def shown_mail(gateway: Gateway, outside: int = 443) -> Interaction:
    """Return a mail in red letters, with an inline picture and one from outside."""
    html = sanitise(
        '<p style="color:red">Hello</p><img alt="inside" src="cid:logo@example">'
        f'<img alt="outside" src="https://pictures.example:{outside}/dot.png">'
    )
    mail = await gateway.accepted(mail=Email(html=html or "", attachments=(PICTURE,)))
    database, clock = gateway.backend.database, gateway.backend.clock
    ref = await Vault(database, clock).put(DOT)
    await DocumentStore(database, clock).add(mail.id, [(PICTURE, ref)])
    return mail


@asynccontextmanager
async def logged_in(gateway: Gateway, *flags: str) -> AsyncIterator[Page]:
    """Give a tab with the session of agent1, in a browser that knows the site of the pictures."""
    client = await gateway.client("agent1")
    await client.get("/api/v2/me")
    cookies = [
        {"name": one.name, "value": one.value or "", "url": gateway.url}
        for one in client.cookies.jar
    ]
    async with running_chromium(*flags, hosts={"pictures.example": "127.0.0.1"}) as browser:
        await browser.add_cookies(cookies)  # type: ignore[arg-type]  # It is such a mapping.
        yield await browser.new_page()


async def framed(page: Page, gateway: Gateway, address: str, sandbox: str) -> None:
    """Show an address of the gateway in a frame of a page of the same origin."""
    parent = f"{gateway.url}/page"
    frame = f'<iframe sandbox="{sandbox}" src="/api/v2/ucs/interactions/{address}"></iframe>'
    await page.route(parent, lambda route: route.fulfill(body=frame, content_type="text/html"))
    # The event `load` comes when the frame and its pictures are loaded, or have failed.
    await page.goto(parent, wait_until="load")


async def color(page: Page) -> str:
    """Return the computed colour of the words in the frame."""
    found: str = await page.frames[1].evaluate(
        "() => getComputedStyle(document.querySelector('p')).color"
    )
    return found


async def test_view_shows_styles_and_inline_pictures(gateway: Gateway) -> None:
    mail = await shown_mail(gateway)

    async with logged_in(gateway) as page:
        await framed(page, gateway, f"{mail.id}/view", VIEW_SANDBOX)
        seen = await color(page), await page.frames[1].evaluate(STATE)

    assert seen == (RED, [["inside", True], ["outside", False]])


async def test_structured_text_shows_styles(gateway: Gateway) -> None:
    mail = await shown_mail(gateway)

    async with logged_in(gateway) as page:
        await framed(page, gateway, f"{mail.id}/structured_text", SANDBOX)
        seen = await color(page)

    assert seen == RED


async def test_pictures_from_outside_are_shown_when_asked_for(gateway: Gateway) -> None:
    with temporary_folder() as folder:
        shown = certificate(folder, "pictures.example")
        async with (
            site(shown, {"/dot.png": DOT}) as port,
            logged_in(gateway, shown.flag) as page,
        ):
            mail = await shown_mail(gateway, port)
            await framed(page, gateway, f"{mail.id}/view?remote=yes", VIEW_SANDBOX)
            seen = await page.frames[1].evaluate(STATE)
            height = await page.evaluate(
                "() => document.querySelector('iframe').contentDocument.body.scrollHeight"
            )

    assert seen == [["inside", True], ["outside", True]]
    assert height > 0
