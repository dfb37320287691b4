"""Logins at the desktop: by the OpenID provider, while somebody writes, and as somebody else."""

import pytest
from playwright.async_api import Page, expect

from deploy.local.stack.system import System
from tests.fixtures.chromium import NewProfile
from tests.support.agent_page import AgentPage, open_desktop, shown

pytestmark = [pytest.mark.connected, pytest.mark.journey, pytest.mark.timeout(300)]

SIGN_IN = "Log in with your company account"


async def log_in_there(page: Page, name: str) -> None:
    """Fill in the forms of the provider."""
    await page.fill("[name=login]", name)
    await page.fill("[name=password]", "any")
    await page.locator("[type=submit]").click()
    await page.get_by_role("button", name="Continue").click()


async def test_login_at_the_provider_and_again_while_writing(
    running: System, new_profile: NewProfile
) -> None:
    async with new_profile(locale="en-GB", reduced_motion="reduce") as browser:
        desk = await open_desktop(browser, running.gateway_url)
        page = desk.page
        barriers = await desk.barriers()
        await desk.picture("login")
        await page.get_by_role("link", name=SIGN_IN).click()
        await log_in_there(page, "stranger")
        await expect(page.get_by_role("alert")).to_contain_text("no agent here")
        await expect(page).to_have_url(f"{running.gateway_url}/desktop/")
        await browser.clear_cookies()
        await page.get_by_role("link", name=SIGN_IN).click()
        await log_in_there(page, "agent1")
        await expect(page.locator("nav")).to_be_visible()
        await page.keyboard.press("c")
        await page.fill("#subject", "Written before")
        await browser.clear_cookies(name="JSESSIONID")
        await page.fill("#subject", "Written before and after")
        dialog = page.get_by_role("dialog")
        async with browser.expect_page() as opened:
            await dialog.get_by_role("button", name=SIGN_IN).click()
        window = await opened.value
        await window.wait_for_event("close")

        await expect(dialog).to_have_count(0)
        await expect(page.locator("#subject")).to_have_value("Written before and after")
        await expect(page.locator("footer [role=status]")).to_have_text("Saved")
        await page.get_by_role("button", name="Discard").click()
        await page.get_by_role("dialog").get_by_role("button", name="Discard").click()
        await desk.ended("Written before and after", "Discarded")
        assert shown(barriers) == "[]"
        assert desk.faults == []


async def test_two_tabs_log_in_at_the_provider_side_by_side(
    running: System, new_profile: NewProfile
) -> None:
    async with new_profile(locale="en-GB", reduced_motion="reduce") as browser:
        first = await open_desktop(browser, running.gateway_url)
        second = await open_desktop(browser, running.gateway_url)
        for tab in (first, second):
            await tab.page.get_by_role("link", name=SIGN_IN).click()
            await expect(tab.page.locator("[name=login]")).to_be_visible()

        await log_in_there(first.page, "agent1")
        await expect(first.page.locator("nav")).to_be_visible()
        # The provider has the consent already, and may ask for it once more.
        page = second.page
        await page.fill("[name=login]", "agent1")
        await page.fill("[name=password]", "any")
        await page.locator("[type=submit]").click()
        goes_on = page.get_by_role("button", name="Continue")
        await expect(page.locator("nav").or_(goes_on)).to_be_visible()
        if await goes_on.is_visible():
            await goes_on.click()

        await expect(second.page.locator("nav")).to_be_visible()
        await expect(first.page.get_by_role("dialog")).to_have_count(0)
        assert first.faults == second.faults == []


@pytest.mark.parametrize(
    ("end", "locale", "words"),
    [
        ("down", "en-GB", "Mailroom cannot log you in now. Try again later."),
        ("down", "de-DE", "gerade nicht anmelden."),
        ("away", "en-GB", "does not answer. Try again later, or use a password."),
        ("late", "en-GB", "took too long, or was begun in another browser. Try again."),
        ("made-up<b>", "en-GB", ""),
    ],
)
async def test_page_says_how_a_login_ended_and_goes_on(
    running: System, new_profile: NewProfile, end: str, locale: str, words: str
) -> None:
    async with new_profile(locale=locale, reduced_motion="reduce") as browser:
        desk = await open_desktop(browser, running.gateway_url)
        page = desk.page
        await page.goto(f"{running.gateway_url}/desktop/?sign-in={end}")
        await page.wait_for_selector(".login")
        alerts = page.get_by_role("alert")
        await expect(alerts).to_have_count(1 if words else 0)
        if words:
            await expect(alerts).to_contain_text(words)
        await expect(page).to_have_url(f"{running.gateway_url}/desktop/")
        barriers = await desk.barriers()
        await desk.picture(f"login_{end[:4]}_{locale}")

        # A reload says nothing of it, and a password is taken.
        await page.reload()
        await expect(alerts).to_have_count(0)
        await desk.log_in("agent1")
        await expect(page.locator("nav")).to_be_visible()
        assert shown(barriers) == "[]"
        assert desk.faults == []


async def test_other_agent_in_another_tab_gets_nothing_of_this_one(
    desk: AgentPage, running: System
) -> None:
    page = desk.page
    await page.keyboard.press("c")
    await page.fill("#subject", "Of agent1")
    await expect(page.locator("footer [role=status]")).to_have_text("Saved")
    await page.context.clear_cookies(name="JSESSIONID")

    other = await open_desktop(page.context, running.gateway_url)
    await other.log_in("agent2")
    await expect(other.page.locator("nav")).to_be_visible()

    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("alert")).to_contain_text("Bruno Blum has logged in")
    await desk.picture("other_agent")
    barriers = await desk.barriers()
    await dialog.locator("[name=password]").fill("agent1")
    await page.keyboard.press("Enter")
    await expect(dialog).to_have_count(0)
    await page.fill("#subject", "Of agent1 still")
    await expect(page.locator("footer [role=status]")).to_have_text("Saved")
    # Now the other tab is the one whose session has gone to somebody else.
    await expect(other.page.get_by_role("dialog").get_by_role("alert")).to_be_visible()
    await other.page.close()

    await page.get_by_role("button", name="Discard").click()
    await page.get_by_role("dialog").get_by_role("button", name="Discard").click()
    await desk.ended("Of agent1 still", "Discarded")
    assert shown(barriers) == "[]"
