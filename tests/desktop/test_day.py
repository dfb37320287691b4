"""An agent's day at the desktop: real browser, real mail, every service its own process."""

import asyncio

import pytest
from playwright.async_api import Page, Route, expect

from deploy.local.stack.system import System
from tests.fixtures.chromium import NewProfile
from tests.support.agent_page import AgentPage, open_desktop, shown
from tests.support.clients import AgentClient, customer_mail, hand_in, rest_client

pytestmark = [pytest.mark.connected, pytest.mark.journey, pytest.mark.timeout(300)]


async def discard(page: Page) -> None:
    """Discard the draft that is open."""
    await page.get_by_role("button", name="Discard").click()
    await page.get_by_role("dialog").get_by_role("button", name="Discard").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_login_is_refused_then_taken_and_then_remembered(
    running: System, new_profile: NewProfile
) -> None:
    async with new_profile(locale="de-DE") as browser:
        desk = await open_desktop(browser, running.gateway_url)

        await desk.log_in("agent1", "wrong")
        await expect(desk.page.get_by_role("alert")).to_contain_text("stimmt nicht")
        barriers = await desk.barriers()
        await desk.log_in("agent1")
        await expect(desk.page.locator("nav")).to_be_visible()
        await desk.page.reload()

        await expect(desk.page.locator("nav")).to_be_visible()
        assert shown(barriers) == "[]"
        assert desk.faults == []


async def test_mail_is_accepted_read_and_done_by_key(desk: AgentPage, running: System) -> None:
    page = desk.page
    await page.keyboard.press("c")
    await expect(page.locator("#to")).to_be_focused()

    await hand_in(customer_mail("Invoice 17 was paid twice"), running.addresses.smtp)
    await desk.is_offered("Invoice 17 was paid twice")
    await desk.picture("offer")
    await desk.accept("Invoice 17 was paid twice")
    await expect(page.locator(".words")).to_contain_text("here is invoice 17.")
    async with page.expect_download() as download:
        await page.get_by_role("link", name="note.bin").click()
    assert (await download.value).suggested_filename == "note.bin"
    await desk.picture("mail")
    await page.keyboard.press("e")

    await desk.ended("Invoice 17 was paid twice", "Done")
    await expect(page.locator("nav [data-id]")).to_be_focused()
    await page.keyboard.press("Enter")
    await discard(page)
    await expect(page.locator("#content")).to_be_focused()


async def test_login_in_another_tab_leaves_this_one_at_work(
    desk: AgentPage, running: System
) -> None:
    page = desk.page
    async with rest_client(running, "agent1", source="127.0.0.2") as other_tab:
        answer = await other_tab.get("/me")
        jar = {one.name: one.value or "" for one in other_tab.client.cookies.jar}
    # The new cookie takes the place of the old one, with no moment between that has none.
    old = [one for one in await page.context.cookies() if one["name"] in jar]
    await page.context.add_cookies(
        [
            {
                "name": one["name"],
                "value": jar[one["name"]],
                "domain": one["domain"],
                "path": one["path"],
            }
            for one in old
        ]
    )

    for subject in ("The poll that was open brings this", "The next session brings this"):
        await hand_in(customer_mail(subject), running.addresses.smtp)
        await desk.accept(subject)
        await page.keyboard.press("e")
        await desk.ended(subject, "Done")

    assert answer.status_code == 200
    assert [one for one in old if one["value"] != jar[one["name"]]]
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_login_over_the_page_outlasts_escape(desk: AgentPage) -> None:
    page = desk.page
    await page.context.clear_cookies()
    await page.keyboard.press("c")
    dialog = page.get_by_role("dialog")
    await expect(dialog.locator("[name=password]")).to_be_focused()

    for _ in range(3):
        await page.keyboard.press("Escape")
    await expect(dialog).to_be_visible()
    await dialog.locator("[name=password]").fill("agent1")
    await page.keyboard.press("Enter")

    await expect(page.locator("#to")).to_be_focused()
    await discard(page)


async def test_dialog_outlasts_the_late_end_of_the_one_before(desk: AgentPage) -> None:
    page = desk.page
    dialog = page.get_by_role("dialog")
    await page.keyboard.press("?")
    await expect(dialog).to_be_visible()

    # The browser tells of the close when the next dialog is open already.
    await page.evaluate(
        """async () => {
          const old = document.querySelector("dialog");
          const told = new Promise((done) => old.addEventListener("close", done));
          old.close();
          [...document.querySelectorAll("header button")]
            .find((one) => one.textContent === "Settings")
            .click();
          await told;
        }"""
    )
    await expect(dialog).to_have_accessible_name("Settings")
    for key in ("Escape", "?", "Escape", "?"):
        await page.keyboard.press(key)

    await expect(dialog).to_have_accessible_name("Keys")
    await dialog.get_by_role("button", name="Close").click()
    await expect(dialog).to_have_count(0)


async def test_offer_that_is_rejected_reaches_the_next_agent(
    desk: AgentPage, running: System, agent2: AgentClient
) -> None:
    await hand_in(customer_mail("Not mine"), running.addresses.smtp)
    await desk.is_offered("Not mine")
    await agent2.set_channel("Ready")

    await desk.page.keyboard.press("x")

    await desk.ended("Not mine", "Rejected")
    [mail] = (await agent2.get("/me/interactions?fields=id")).json()["interactions"]
    await agent2.post(mail["id"], "Accept")
    await agent2.post(mail["id"], "Complete")
    await agent2.set_channel("NotReady")


async def test_offer_is_extended_once_and_the_focus_stays(desk: AgentPage, running: System) -> None:
    page = desk.page
    offer, left = page.locator(".offer"), page.locator(".offer svg text")
    more_time = offer.get_by_role("button", name="More time")
    await hand_in(customer_mail("Needs a look first"), running.addresses.smtp)
    await desk.is_offered("Needs a look first")
    before = int(await left.text_content() or 0)
    barriers = await desk.barriers()

    await more_time.focus()
    await page.keyboard.press("Enter")

    words = page.get_by_role("status").filter(has_text="stays offered to you for")
    await expect(words).to_have_count(1)
    await expect(more_time).to_have_count(0)
    await expect(offer.get_by_role("button", name="Accept")).to_be_focused()
    after = int(await left.text_content() or 0)
    await page.keyboard.press("Enter")
    await desk.shows("Needs a look first")
    await page.keyboard.press("e")
    await desk.ended("Needs a look first", "Done")
    # Another offer may be extended too, by key.
    await hand_in(customer_mail("By key"), running.addresses.smtp)
    await desk.is_offered("By key")
    await page.keyboard.press("Alt+m")
    await expect(more_time).to_have_count(0)
    await desk.accept("By key")
    await page.keyboard.press("e")

    await desk.ended("By key", "Done")
    assert after > before
    assert shown(barriers) == "[]"


async def test_offer_is_accepted_while_it_is_extended(desk: AgentPage, running: System) -> None:
    page, is_accepted = desk.page, asyncio.Event()

    async def hold(route: Route) -> None:
        if "ExtendInvitation" not in (route.request.post_data or ""):
            await route.continue_()
            return
        answer = await route.fetch()
        await is_accepted.wait()
        await route.fulfill(response=answer)

    await page.route("**/me/interactions/*", hold)
    await hand_in(customer_mail("In a hurry"), running.addresses.smtp)
    await desk.is_offered("In a hurry")

    await page.keyboard.press("Alt+m")
    await expect(page.locator(".offer").get_by_role("button", name="More time")).to_have_count(0)
    await desk.accept("In a hurry")
    is_accepted.set()

    await page.keyboard.press("e")
    await desk.ended("In a hurry", "Done")
    await page.unroute_all(behavior="wait")


async def test_search_finds_the_words_of_what_is_in_a_workbin(
    desk: AgentPage, running: System
) -> None:
    page, kept = desk.page, desk.page.locator("nav .kept")
    await hand_in(customer_mail("Put away"), running.addresses.smtp)
    await desk.accept("Put away")
    await page.keyboard.press("w")
    await page.get_by_role("dialog").locator("li").first.get_by_role("button").click()
    await desk.ended("Put away", "In a workbin")
    await expect(kept).to_have_count(1)

    # The page has its heading only.
    await page.fill("#search", "here invoice")
    await expect(kept.get_by_text("Put away")).to_be_visible()
    await expect(page.get_by_text("Nothing in your work has these words.")).to_have_count(0)
    await page.fill("#search", "here nowhere")
    await expect(page.get_by_text("Nothing in your work has these words.")).to_be_visible()
    barriers = await desk.barriers()
    await page.fill("#search", "put away")
    await kept.get_by_role("button", name="Take out").click()
    await desk.shows("Put away")
    await page.fill("#search", "")
    await page.locator("main").focus()
    await page.keyboard.press("e")

    await desk.ended("Put away", "Done")
    assert shown(barriers) == "[]"


async def test_transfer_ends_at_the_other_agents_desktop(
    desk: AgentPage, running: System, new_profile: NewProfile
) -> None:
    async with new_profile(locale="de-DE") as other_browser:
        other = await open_desktop(other_browser, running.gateway_url)
        await other.log_in("agent2")
        await expect(other.page.locator("nav")).to_be_visible()
        await hand_in(customer_mail("For Bruno"), running.addresses.smtp)
        await desk.accept("For Bruno")

        await desk.page.keyboard.press("t")
        await desk.page.get_by_role("dialog").get_by_role("button", name="Bruno Blum").click()

        await other.accept("For Bruno")
        await desk.ended("For Bruno", "Transferred")
        await other.page.keyboard.press("e")
        await other.ended("For Bruno", "Erledigt")


async def test_key_that_was_changed_is_there_on_every_machine(desk: AgentPage) -> None:
    page = desk.page
    await page.keyboard.press("?")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="New mail: c").click()
    await page.keyboard.press("Escape")
    await dialog.get_by_role("button", name="New mail: c").press("Enter")
    async with page.expect_response(lambda one: one.url.endswith("/me/preferences")) as stored:
        await page.keyboard.press("v")
    await expect(dialog.get_by_role("button", name="New mail: v")).to_be_visible()
    await desk.picture("keys")
    barriers = await desk.barriers()
    assert (await stored.value).status == 200

    # As another machine begins.
    await page.evaluate("localStorage.clear()")
    await page.reload()
    await expect(page.locator("nav")).to_be_visible()
    await page.keyboard.press("c")
    await page.keyboard.press("v")
    await expect(page.locator("#to")).to_be_focused()
    await discard(page)
    await expect(page.locator("#list-drafts")).to_have_count(0)

    await page.keyboard.press("?")
    await dialog.get_by_role("button", name="All as at first").click()
    await expect(dialog.get_by_role("button", name="New mail: c")).to_be_visible()
    await page.keyboard.press("Escape")
    assert shown(barriers) == "[]"


async def test_long_list_has_the_rows_in_sight_and_the_chosen_one(
    desk: AgentPage, agent1: AgentClient
) -> None:
    page, number = desk.page, 140
    path = "/api/v2/me/interactions"
    bodies = [
        {"operationName": "Create", "queueName": "drafts", "email_object": {"subject": f"row {at}"}}
        for at in range(number)
    ]
    answers = await asyncio.gather(*(agent1.client.post(path, json=one) for one in bodies))
    rows = page.locator("nav .long li")
    await expect(page.locator("#list-drafts")).to_contain_text(str(number))
    drawn = await rows.count()
    sizes = await rows.evaluate_all("all => all.map((one) => one.getAttribute('aria-setsize'))")

    await page.locator("nav.list").evaluate("one => one.scrollTo(0, one.scrollHeight)")
    last = page.locator(f"nav .long li[aria-posinset='{number}']")
    await expect(last).to_be_in_viewport()
    await last.get_by_role("button").click()
    await page.locator("#draft-title").wait_for(state="attached")
    await page.locator("nav.list").evaluate("one => one.scrollTo(0, 0)")
    # The chosen row stays, far out of sight, and the next key goes on from it.
    await expect(last).to_have_count(1)
    await page.locator("main").focus()
    await page.keyboard.press("k")
    await expect(page.locator(f"nav .long li[aria-posinset='{number - 1}']")).to_be_in_viewport()
    barriers = await desk.barriers()
    drafts = [one.json()["interactionId"] for one in answers]
    await asyncio.gather(*(agent1.post(one, "Cancel") for one in drafts))
    await expect(page.locator("#list-drafts")).to_have_count(0)

    assert drawn < number // 2
    assert set(sizes) == {str(number)}
    assert shown(barriers) == "[]"


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_no_screen_has_a_barrier(desk: AgentPage, running: System, theme: str) -> None:
    page = desk.page
    await page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    await hand_in(customer_mail(f"Seen in {theme}"), running.addresses.smtp)
    await desk.is_offered(f"Seen in {theme}")
    found = {"offer": await desk.barriers()}

    await desk.accept(f"Seen in {theme}")
    found["mail"] = await desk.barriers()
    for key in ("?", "t", "w"):
        await page.keyboard.press(key)
        await expect(page.get_by_role("dialog")).to_be_visible()
        found[key] = await desk.barriers()
        await page.keyboard.press("Escape")
    await page.set_viewport_size({"width": 320, "height": 640})
    found["narrow"] = await desk.barriers()
    width = await page.evaluate("document.documentElement.scrollWidth")
    await page.keyboard.press("e")

    assert {screen: one for screen, one in found.items() if one} == {}
    assert width == 320
