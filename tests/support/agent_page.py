"""The desktop in a browser, as an agent uses it: by key and mouse, and by what is to be read."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import httpx2
from playwright.async_api import BrowserContext, Page, expect

from deploy.local.desktop_build import SOURCES

_AXE: Final = SOURCES / "node_modules" / "axe-core" / "axe.min.js"
_SERIOUS: Final = ("serious", "critical")
PATIENCE: Final = 20_000
"""Milliseconds."""

expect.set_options(timeout=PATIENCE)


@dataclass(frozen=True, slots=True)
class AgentPage:
    """One tab with the desktop.

    `faults` fills with what the browser reports as an error, and with scripts' exceptions.
    """

    page: Page
    faults: list[str]

    async def log_in(self, name: str, password: str | None = None) -> None:
        """Fill in the form and send it, unless the browser has a session already."""
        if not await self.page.locator("[name=username]").is_visible():
            return
        await self.page.fill("[name=username]", name)
        await self.page.fill("[name=password]", password or name)
        await self.page.keyboard.press("Enter")

    async def choose_state(self, state: str) -> None:
        """Choose a state from the menu on top."""
        await self.page.click("button.state")
        await self.page.locator("#states").get_by_role("button", name=state, exact=True).click()
        await expect(self.page.locator("button.state")).to_contain_text(state)

    async def is_offered(self, subject: str) -> None:
        """Wait until a mail is offered."""
        await expect(self.page.locator(".offer")).to_contain_text(subject)

    async def accept(self, subject: str) -> None:
        """Wait for an offer, accept it by key, and wait until the mail is shown."""
        await self.is_offered(subject)
        await self.page.keyboard.press("Alt+a")
        await self.shows(subject)

    async def shows(self, subject: str) -> None:
        """Wait until a mail is shown and has the focus, as readers need it."""
        heading = self.page.locator("#mail-subject")
        await expect(heading).to_have_text(subject)
        await expect(heading).to_be_focused()

    async def ended(self, subject: str, outcome: str) -> None:
        """Wait until a mail stands among those that were held recently."""
        named = self.page.locator(".ended", has=self.page.get_by_text(subject, exact=True))
        await expect(named.first).to_contain_text(outcome)

    async def write(self, text: str) -> None:
        """Type into the draft that is open, above its quote."""
        await expect(self.page.locator("textarea.words")).to_be_focused()
        await self.page.keyboard.type(text)

    async def picture(self, name: str) -> None:
        """Keep a picture of the page where `DESKTOP_PICTURES` names a folder."""
        if folder := os.environ.get("DESKTOP_PICTURES"):
            await self.page.screenshot(path=Path(folder) / f"{name}.png", scale="css")

    async def barriers(self) -> list[Mapping[str, Any]]:
        """Return what axe-core finds to be serious or critical: rule, words, elements."""
        await self.page.evaluate(_axe())
        answer = await self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            {
                "rule": one["id"],
                "help": one["help"],
                "elements": [node["html"][:200] for node in one["nodes"]],
                "why": [node["failureSummary"] for node in one["nodes"]][:2],
            }
            for one in answer["violations"]
            if one["impact"] in _SERIOUS
        ]


async def open_desktop(
    browser: BrowserContext, url: str, *, width: int = 1320, height: int = 820
) -> AgentPage:
    """Open a tab of a browser at the address where a stranger begins."""
    page = await browser.new_page()
    await page.set_viewport_size({"width": width, "height": height})
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda one: faults.append(one.text) if _is_fault(one) else None)
    await page.goto(f"{url}/")
    await page.wait_for_selector(".login, nav")
    return AgentPage(page, faults)


async def prefer(url: str, agent: str, **preferences: object) -> None:
    """Store what an agent prefers, for the next page that is opened."""
    async with httpx2.AsyncClient(base_url=url, auth=(agent, agent), timeout=30) as client:
        answer = await client.put("/api/v2/me/preferences", json={"preferences": preferences})
    assert answer.status_code == 200, answer.text


def _is_fault(message: Any) -> bool:
    # The browser itself reports each answer that is no success, such as the first 401.
    return message.type == "error" and not message.text.startswith("Failed to load resource")


@cache
def _axe() -> str:
    return Path(_AXE).read_text()


def shown(findings: Sequence[Mapping[str, Any]]) -> str:
    """Return findings so that a failing test names them."""
    return json.dumps(findings, indent=1)
