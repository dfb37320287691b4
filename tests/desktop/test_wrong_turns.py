"""Wrong turns of people at the desktop, and small pages without much room."""

import asyncio

import pytest
from playwright.async_api import Route, expect

from deploy.local.stack.system import System
from tests.desktop.test_day import discard
from tests.support.agent_page import AgentPage, shown
from tests.support.clients import customer_mail, hand_in

pytestmark = [pytest.mark.connected, pytest.mark.journey, pytest.mark.timeout(300)]

IN_SIGHT = """one => {
  const {top, bottom} = one.getBoundingClientRect();
  const end = document.querySelector("footer").getBoundingClientRect().top;
  return Math.min(bottom, end) - top;
}"""


async def test_words_typed_before_a_new_mail_is_there_are_no_keys(
    desk: AgentPage, running: System
) -> None:
    page, asked, goes_on = desk.page, asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        asked.set()
        await goes_on.wait()
        await route.continue_()

    await hand_in(customer_mail("Must stay"), running.addresses.smtp)
    await desk.accept("Must stay")
    await page.route("**/api/v2/me/interactions", hold, times=1)

    await page.keyboard.press("c")
    await asked.wait()
    await page.keyboard.type("rex")
    goes_on.set()

    await expect(page.locator("#to")).to_be_focused()
    await expect(page.locator("#list-mine")).to_contain_text("1")
    await expect(page.locator("#list-drafts")).to_contain_text("1")
    await discard(page)
    # Keys are keys again.
    await page.locator("nav [data-id]", has_text="Must stay").click()
    await desk.shows("Must stay")
    await page.keyboard.press("e")
    await desk.ended("Must stay", "Done")


async def test_keys_come_back_after_a_new_mail_that_was_refused(
    desk: AgentPage, running: System
) -> None:
    page = desk.page
    await hand_in(customer_mail("Still here"), running.addresses.smtp)
    await desk.accept("Still here")
    refusal = '{"status": "error", "statusCode": 10, "statusMessage": "no queue"}'

    async def refuse(route: Route) -> None:
        await route.fulfill(status=400, body=refusal, content_type="application/json")

    await page.route("**/api/v2/me/interactions", refuse, times=1)
    await page.keyboard.press("c")
    await expect(page.get_by_text("“New mail” was not done")).to_be_visible()
    await page.keyboard.press("e")

    await desk.ended("Still here", "Done")


async def test_half_a_screen_has_room_to_write(desk: AgentPage, running: System) -> None:
    page = desk.page
    await hand_in(customer_mail("Half a screen"), running.addresses.smtp)
    await desk.accept("Half a screen")
    await page.set_viewport_size({"width": 768, "height": 900})
    await page.keyboard.press("r")
    words = page.locator("textarea.words")
    await expect(words).to_be_focused()

    room = await words.evaluate(IN_SIGHT)
    send = page.get_by_role("button", name="Send", exact=True)
    await expect(send).to_be_in_viewport()
    await desk.picture("half_a_screen")
    await page.set_viewport_size({"width": 1320, "height": 820})
    await discard(page)
    await desk.shows("Half a screen")
    await page.keyboard.press("e")

    await desk.ended("Half a screen", "Done")
    assert room > 200


async def test_empty_desk_says_what_comes_next(desk: AgentPage) -> None:
    page = desk.page
    await expect(page.locator("main")).to_contain_text("Mail that you accept is shown here.")
    await expect(page.locator("nav")).to_contain_text("The next mail comes by itself.")


async def test_page_older_than_the_gateway_is_loaded_again(desk: AgentPage) -> None:
    page = desk.page
    await page.route("**/assets/Editor*", lambda route: route.fulfill(status=404))
    await page.keyboard.press("c")
    await expect(page.get_by_role("alert").filter(has_text="After an update")).to_be_visible()
    barriers = await desk.barriers()
    await desk.picture("older_page")
    # Keys are keys again, as there is no draft to write in.
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.unroute_all()

    await page.get_by_role("button", name="Load the page again").click()
    await page.locator("nav [data-id]", has_text="(no subject)").click()

    await expect(page.locator("#to")).to_be_focused()
    await discard(page)
    assert shown(barriers) == "[]"
