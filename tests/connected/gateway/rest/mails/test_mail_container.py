"""The documented containers keep a mail from covering the page around it."""

from html import escape

import pytest
from playwright.async_api import BrowserContext, Page

from services.gateway.rest.openapi.html_advice import BOX_STYLE, FRAME_POLICY
from services.gateway.wire.mail_page import SANDBOX
from shared.mail.html.sanitizer import sanitise

pytestmark = pytest.mark.connected

LINK = '<a href="https://evil.example/" style="{style}">pay</a>'
FAR_AWAY = "display:inline-block;margin-top:-3000px;width:9000px;height:9000px"
ATTACKS = {
    "margin": LINK.format(style=FAR_AWAY),
    "fixed": LINK.format(style="position:fixed;top:0;left:0;width:9000px;height:9000px;z-index:9"),
    "transform": LINK.format(style="display:block;width:100px;transform:scale(900)"),
    "font": LINK.format(style="font-size:9000px"),
    "word": f'<a href="https://evil.example/" style="direction:rtl">{"W" * 9_000}</a>',
    "table": '<table width="9000" height="9000"><td><a href="https://evil.example/">pay</a>',
}


async def desktop(browser: BrowserContext, mail: str) -> Page:
    """Return a page with buttons on all sides of what shows a mail."""
    page = await browser.new_page()
    await page.set_viewport_size({"width": 800, "height": 600})
    buttons = "".join(
        f'<button id="{name}" style="position:absolute;{place}">{name}</button>'
        for name, place in {
            "above": "left:380px;top:10px",
            "left": "left:10px;top:300px",
            "right": "left:740px;top:300px",
            "below": "left:380px;top:560px",
        }.items()
    )
    place = "position:absolute;left:100px;top:60px;width:600px;height:400px;overflow:visible"
    await page.set_content(f'<body>{buttons}<div style="{place}">{mail}</div></body>')
    return page


async def covered(page: Page) -> list[str]:
    """Return the buttons whose middle belongs to something else."""
    found: list[str] = await page.evaluate(
        """() => [...document.querySelectorAll('button')].filter(button => {
            const box = button.getBoundingClientRect()
            const there = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2)
            return there !== button
        }).map(button => button.id)"""
    )
    return found


async def test_unfiltered_attack_covers_a_button_without_a_container(
    chromium: BrowserContext,
) -> None:
    assert await covered(await desktop(chromium, ATTACKS["margin"]))


@pytest.mark.parametrize("attack", ATTACKS)
async def test_unfiltered_attack_stays_in_the_documented_box(
    chromium: BrowserContext, attack: str
) -> None:
    page = await desktop(chromium, f'<div style="{BOX_STYLE}">{ATTACKS[attack]}</div>')

    assert await covered(page) == []


@pytest.mark.parametrize("attack", ATTACKS)
async def test_unfiltered_attack_stays_in_the_documented_frame(
    chromium: BrowserContext, attack: str
) -> None:
    policy = f'<meta http-equiv="Content-Security-Policy" content="{FRAME_POLICY}">'
    inside = escape(policy + ATTACKS[attack])
    frame = f'<iframe sandbox="{SANDBOX}" srcdoc="{inside}" style="width:100%;height:100%">'

    page = await desktop(chromium, f"{frame}</iframe>")

    assert await covered(page) == []


@pytest.mark.parametrize("attack", ["margin", "fixed", "transform", "font", "table"])
async def test_filtered_attack_stays_in_its_box_by_itself(
    chromium: BrowserContext, attack: str
) -> None:
    page = await desktop(chromium, sanitise(ATTACKS[attack]) or "")

    assert await covered(page) == []
