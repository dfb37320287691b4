"""Several tabs of an agent: one connection, one sound, nothing lost when one of them ends."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import BrowserContext, Page, Request, Route, expect

from deploy.local.stack.system import System
from tests.desktop.test_german import LISTEN
from tests.fixtures.chromium import NewProfile
from tests.support.agent_page import AgentPage, open_desktop
from tests.support.clients import customer_mail, hand_in, rest_client

pytestmark = [pytest.mark.connected, pytest.mark.journey, pytest.mark.timeout(300)]

LEADS = """async () => {
  const {held} = await navigator.locks.query();
  return held.some((one) => one.name.startsWith("mailroom.live."));
}"""
LOOK_AWAY = """() => {
  Object.defineProperty(document, "visibilityState", {get: () => "hidden", configurable: true});
  document.dispatchEvent(new Event("visibilitychange"));
}"""
LOOK = """() => {
  delete document.visibilityState;
  document.dispatchEvent(new Event("visibilitychange"));
}"""


class Connections:
    """The tabs that have shaken hands with the server, in their order."""

    def __init__(self) -> None:
        self.tabs: list[Page] = []
        self.last = asyncio.Event()

    def watch(self, page: Page) -> None:
        """Note each handshake of a tab."""

        def note(request: Request) -> None:
            if request.url.endswith("/cometd/handshake"):
                self.tabs.append(page)
                self.last.set()

        page.on("request", note)


@pytest.fixture
async def context(new_profile: NewProfile) -> AsyncIterator[BrowserContext]:
    """A profile of its own, so that each test knows all of its tabs."""
    async with new_profile(locale="en-GB", reduced_motion="reduce") as browser:
        yield browser


async def open_tabs(context: BrowserContext, running: System, number: int) -> list[AgentPage]:
    """Open tabs of agent1, who is ready; the first one leads."""
    tabs = []
    for _ in range(number):
        tab = await open_desktop(context, running.gateway_url)
        await tab.log_in("agent1")
        await expect(tab.page.locator("nav")).to_be_visible()
        await tab.page.wait_for_function(LEADS)
        tabs.append(tab)
    await tabs[0].choose_state("Ready")
    return tabs


async def be_not_ready(running: System) -> None:
    """Take no more mail, whatever became of the tabs."""
    async with rest_client(running, "agent1") as client:
        await client.set_channel("NotReady")


async def test_three_tabs_connect_and_sound_once(context: BrowserContext, running: System) -> None:
    connections = Connections()
    context.on("page", connections.watch)
    tabs = await open_tabs(context, running, 3)
    await tabs[2].page.locator("body").click()
    for tab in tabs:
        await tab.page.locator("body").click()
        await tab.page.evaluate(LISTEN)

    await hand_in(customer_mail("To three tabs"), running.addresses.smtp)
    for tab in tabs:
        await tab.is_offered("To three tabs")
        await expect(tab.page.locator("button.state")).to_contain_text("Ready")
    await tabs[2].accept("To three tabs")
    # What one tab does, the others show.
    for tab in tabs:
        await expect(tab.page.locator("#list-mine")).to_contain_text("1")
        await expect(tab.page.locator(".offer")).to_have_count(0)
    tones = [await tab.page.evaluate("window.heard.tones") for tab in tabs]
    await tabs[2].page.keyboard.press("e")
    for tab in tabs:
        await tab.ended("To three tabs", "Done")
    await be_not_ready(running)

    assert tones == [2, 0, 0]
    assert connections.tabs == [tabs[0].page]
    assert [tab.faults for tab in tabs] == [[], [], []]


@pytest.mark.parametrize("end", ["closed", "crashed"])
async def test_tab_that_leads_ends_and_another_goes_on(
    context: BrowserContext, running: System, end: str
) -> None:
    connections = Connections()
    context.on("page", connections.watch)
    first, *others = await open_tabs(context, running, 3)
    connections.last.clear()

    if end == "closed":
        await first.page.close()
    else:
        session = await context.new_cdp_session(first.page)
        crash = asyncio.create_task(session.send("Page.crash"))
        await first.page.wait_for_event("crash")
        crash.cancel()
    # It comes while nobody may be connected.
    await hand_in(customer_mail(f"After one {end}"), running.addresses.smtp)
    await connections.last.wait()
    for tab in others:
        await tab.is_offered(f"After one {end}")
    await others[0].accept(f"After one {end}")
    await others[0].page.keyboard.press("e")
    for tab in others:
        await tab.ended(f"After one {end}", "Done")
    await be_not_ready(running)

    assert [one in [tab.page for tab in others] for one in connections.tabs] == [False, True]
    assert [tab.faults for tab in others] == [[], []]


async def test_lead_goes_to_the_tab_that_is_looked_at(
    context: BrowserContext, running: System
) -> None:
    connections = Connections()
    context.on("page", connections.watch)
    tabs = await open_tabs(context, running, 3)
    first, second, third = (tab.page for tab in tabs)
    await second.evaluate(LOOK_AWAY)
    connections.last.clear()

    await first.evaluate(LOOK_AWAY)
    await connections.last.wait()
    while connections.tabs[-1] is not third:
        connections.last.clear()
        await connections.last.wait()
    await hand_in(customer_mail("To whom it is seen"), running.addresses.smtp)
    for tab in tabs:
        await tab.is_offered("To whom it is seen")
    before = len(connections.tabs)
    # A tab that is looked at besides takes nothing away.
    await first.evaluate(LOOK)
    await tabs[0].accept("To whom it is seen")
    await first.keyboard.press("e")
    for tab in tabs:
        await tab.ended("To whom it is seen", "Done")
    await be_not_ready(running)

    assert len(connections.tabs) == before
    assert [tab.faults for tab in tabs] == [[], [], []]


async def end_login(context: BrowserContext, *pages: Page) -> set[Page]:
    """End the login of all tabs, until each asks for it; return those that have asked for a draft.

    A tab may hear of the end from another one before its key.
    """
    asking: set[Page] = set()

    def note(request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/me/interactions"):
            asking.add(request.frame.page)

    context.on("request", note)
    await context.clear_cookies()
    for page in pages:
        await page.keyboard.press("c")
        await expect(page.get_by_role("dialog").locator("[name=password]")).to_be_focused()
    context.remove_listener("request", note)
    return asking


async def log_in_again(page: Page) -> None:
    """Fill in the dialog that asks for the password."""
    await page.get_by_role("dialog").locator("[name=password]").fill("agent1")
    await page.keyboard.press("Enter")


async def discard_all(running: System, page: Page) -> None:
    """Discard all that the agent holds, until a page shows it."""
    async with rest_client(running, "agent1") as client:
        listed = (await client.get("/me/interactions?fields=id")).json()["interactions"]
        for one in listed:
            await client.post(one["id"], "Cancel")
    await expect(page.locator("#list-drafts")).to_have_count(0)


async def test_login_in_a_tab_that_follows_serves_them_all(
    context: BrowserContext, running: System
) -> None:
    tabs = await open_tabs(context, running, 2)
    first, second = (tab.page for tab in tabs)
    asking = await end_login(context, first, second)

    await log_in_again(second)

    for page in (first, second):
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await expect(page.locator("#list-drafts")).to_contain_text(str(len(asking)))
    await hand_in(customer_mail("After the login"), running.addresses.smtp)
    for tab in tabs:
        await tab.is_offered("After the login")
    await tabs[0].accept("After the login")
    await first.keyboard.press("e")
    for tab in tabs:
        await tab.ended("After the login", "Done")
    await discard_all(running, first)
    await be_not_ready(running)


async def test_tab_that_follows_has_what_its_leader_has_only_read(
    context: BrowserContext, running: System
) -> None:
    tabs = await open_tabs(context, running, 2)
    leader, follower = (tab.page for tab in tabs)
    asking = await end_login(context, leader, follower)
    follower_has_read = asyncio.Event()

    async def read(route: Route) -> None:
        await route.fulfill(response=await route.fetch())
        follower_has_read.set()

    async def read_later(route: Route) -> None:
        await follower_has_read.wait()
        async with rest_client(running, "agent1") as client:
            draft = {"operationName": "Create", "queueName": "drafts"}
            waiting = {"Prefer": "wait=20"}
            await client.client.post("/api/v2/me/interactions", json=draft, headers=waiting)
        await route.continue_()

    await follower.route("**/me/interactions?*", read, times=1)
    await leader.route("**/me/interactions?*", read_later, times=1)

    await log_in_again(follower)

    for page in (leader, follower):
        await expect(page.locator("#list-drafts")).to_contain_text(str(len(asking) + 1))
    await discard_all(running, leader)
    await be_not_ready(running)
