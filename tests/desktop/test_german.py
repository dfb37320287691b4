"""The desktop in German: every screen with data, workbins, sound and notifications."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import expect

from deploy.local.stack.system import System
from tests.support.agent_page import AgentPage, prefer, shown
from tests.support.clients import customer_mail, hand_in

pytestmark = [pytest.mark.connected, pytest.mark.journey, pytest.mark.timeout(300)]

LISTEN = """() => {
  window.heard = {tones: 0, notices: []};
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (...when) {
    window.heard.tones += 1;
    return start.apply(this, when);
  };
  const Real = window.Notification;
  window.Notification = class extends Real {
    constructor(title, options) {
      super(title, options);
      window.heard.notices.push(title);
    }
  };
  document.hasFocus = () => false;
}"""
SET_TIME = """(moment) => {
  window.RealDate ??= Date;
  window.Date = class extends window.RealDate {
    constructor(...parts) {
      super(...(parts.length > 0 ? parts : [moment]));
    }

    static now() {
      return new window.RealDate(moment).getTime();
    }
  };
}"""
"""Playwright's own clock would stay in the browser, for the tests after this one."""


@pytest.fixture
async def german(running: System, desk: AgentPage) -> AsyncIterator[AgentPage]:
    """The desktop of agent1 in German, who writes with formats."""
    await prefer(running.gateway_url, "agent1", language="de", formats=True)
    await desk.page.reload()
    await expect(desk.page.locator("nav")).to_be_visible()
    yield desk
    await prefer(running.gateway_url, "agent1", formats=False)
    await desk.page.reload()


async def test_every_screen_is_free_of_barriers_in_german(
    german: AgentPage, running: System
) -> None:
    page = german.page
    found: dict[str, Any] = {"empty": await german.barriers()}
    await hand_in(customer_mail("Rechnung 18"), running.addresses.smtp)
    await german.is_offered("Rechnung 18")
    found["offer"] = await german.barriers()
    await german.accept("Rechnung 18")

    # Into a workbin and out of it.
    await page.keyboard.press("w")
    dialog = page.get_by_role("dialog")
    found["workbins"] = await german.barriers()
    await dialog.get_by_role("button", name="In Bearbeitung").click()
    kept = page.locator(".kept", has_text="Rechnung 18")
    await expect(kept).to_be_visible()
    await german.picture("workbin")
    found["kept"] = await german.barriers()
    await kept.get_by_role("button", name="Herausnehmen").click()
    await german.shows("Rechnung 18")
    await expect(kept).to_have_count(0)

    for name in ("Einstellungen", "Tasten"):
        await page.get_by_role("button", name=name).click()
        await german.picture(f"german_{name}")
        found[name] = await german.barriers()
        await page.keyboard.press("Escape")
    await page.keyboard.press("r")
    await expect(page.locator(".rich-words")).to_be_focused()
    for theme in ("light", "dark"):
        await page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        found[f"writing, {theme}"] = await german.barriers()
        await german.picture(f"german_writing_{theme}")
    await page.set_viewport_size({"width": 320, "height": 640})
    found["narrow"] = await german.barriers()
    width = await page.evaluate("document.documentElement.scrollWidth")
    await german.picture("german_narrow")
    await page.set_viewport_size({"width": 1320, "height": 820})
    await page.get_by_role("button", name="Verwerfen").click()
    await page.get_by_role("dialog").get_by_role("button", name="Verwerfen").click()
    await german.ended("Re: Rechnung 18", "Verworfen")
    await german.shows("Rechnung 18")
    await page.keyboard.press("e")
    await german.ended("Rechnung 18", "Erledigt")

    assert {screen: one for screen, one in found.items() if one} == {}
    assert width == 320


async def test_offer_is_heard_and_notified_where_the_agent_wants_it(
    desk: AgentPage, running: System
) -> None:
    page = desk.page
    await page.context.grant_permissions(["notifications"], origin=running.gateway_url)
    await page.get_by_role("button", name="Settings").click()
    await page.get_by_label("Notifications of the system").check()
    await page.keyboard.press("Escape")
    await page.evaluate(LISTEN)

    await hand_in(customer_mail("Heard"), running.addresses.smtp)
    await desk.is_offered("Heard")
    await expect(page).to_have_title("(1) Mailroom")
    await page.wait_for_function("window.heard.tones === 2")
    notices = await page.evaluate("window.heard.notices")
    await desk.accept("Heard")
    await expect(page).to_have_title("Mailroom")
    await page.keyboard.press("e")
    await desk.ended("Heard", "Done")

    await page.get_by_role("button", name="Settings").click()
    await page.get_by_label("Sound when a mail is offered").uncheck()
    await page.get_by_label("Notifications of the system").uncheck()
    await page.keyboard.press("Escape")
    await hand_in(customer_mail("Silent"), running.addresses.smtp)
    await desk.accept("Silent")
    await page.keyboard.press("e")
    await desk.ended("Silent", "Done")
    after = await page.evaluate("window.heard")
    await prefer(running.gateway_url, "agent1", formats=False)

    assert notices == ["Offered: Heard, from Ann"]
    assert after == {"tones": 2, "notices": notices}


async def test_mute_and_quiet_hours_silence_an_offer(desk: AgentPage, running: System) -> None:
    page = desk.page
    await page.evaluate(LISTEN)
    mute = page.get_by_role("button", name="Mute")
    await expect(mute).to_have_attribute("aria-pressed", "false")
    await mute.click()
    await expect(mute).to_have_attribute("aria-pressed", "true")
    await hand_in(customer_mail("Muted"), running.addresses.smtp)
    await desk.accept("Muted")
    await page.keyboard.press("e")
    await desk.ended("Muted", "Done")
    await mute.click()

    await page.evaluate(SET_TIME, "2026-11-30T23:30:00")
    await page.get_by_role("button", name="Settings").click()
    await page.get_by_label("Quiet from").fill("22:00")
    await page.get_by_label("to", exact=True).fill("06:00")
    barriers = await desk.barriers()
    await desk.picture("quiet_hours")
    await page.get_by_role("dialog").get_by_role("button", name="Close").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await hand_in(customer_mail("At night"), running.addresses.smtp)
    await desk.accept("At night")
    await page.keyboard.press("e")
    await desk.ended("At night", "Done")
    silent = await page.evaluate("window.heard.tones")

    await page.evaluate(SET_TIME, "2026-12-01T06:00:00")
    await hand_in(customer_mail("In the morning"), running.addresses.smtp)
    await desk.accept("In the morning")
    await page.wait_for_function("window.heard.tones === 2")
    await page.keyboard.press("e")
    await desk.ended("In the morning", "Done")
    await prefer(running.gateway_url, "agent1", formats=False)

    assert silent == 0
    assert shown(barriers) == "[]"
