"""The first five minutes of a stranger: receives, answers, takes back a draft, transfers.

The stranger has the address, a name and a password, and no manual. So each step uses only what can
be read on the page at that moment: a label, a button, a sentence. No key, no selector of ours.
"""

import time

import pytest
from playwright.async_api import Locator, expect

from deploy.local.stack.system import System
from tests.fixtures.chromium import NewProfile
from tests.support.agent_page import AgentPage, open_desktop
from tests.support.clients import AgentClient, customer_mail, hand_in
from tests.support.waiting import until

pytestmark = [pytest.mark.connected, pytest.mark.journey, pytest.mark.timeout(300)]

FIVE_MINUTES = 300


async def press(place: AgentPage | Locator, words: str) -> None:
    """Press the one button with these words."""
    inside = place.page if isinstance(place, AgentPage) else place
    await inside.get_by_role("button", name=words).click()


async def reads(stranger: AgentPage, words: str) -> None:
    """Wait until these words can be seen."""
    await expect(stranger.page.get_by_text(words).first).to_be_visible()


async def test_stranger_does_a_days_work_without_a_manual(
    running: System, agent2: AgentClient, new_profile: NewProfile
) -> None:
    await agent2.set_channel("NotReady")
    async with new_profile(locale="en-GB") as browser:
        began = time.monotonic()
        stranger = await open_desktop(browser, running.gateway_url)
        page = stranger.page

        # The page asks for a login, and then says what is missing.
        await page.get_by_label("User name").fill("agent1")
        await page.get_by_label("Password").fill("agent1")
        await press(stranger, "Log in")
        await reads(stranger, "Become Ready to be offered mail.")
        await press(stranger, "Become Ready")
        await reads(stranger, "The next mail comes by itself.")

        # Receives.
        await hand_in(customer_mail("Where is my lamp?"), running.addresses.smtp)
        offer = page.get_by_role("region", name="1 mail is offered to you")
        await expect(offer).to_contain_text("Where is my lamp?")
        await press(offer, "Accept")
        await expect(page.get_by_role("heading", name="Where is my lamp?")).to_be_visible()
        await reads(stranger, "here is invoice 17.")

        # Answers, and sees what became of it.
        await page.get_by_role("button", name="Reply", exact=False).first.click()
        await page.get_by_label("Your words").fill("It is on its way.")
        await press(stranger, "Send and done")
        recently = page.get_by_role("region", name="Recently")
        await expect(recently.get_by_text("Re: Where is my lamp?")).to_be_visible()
        await expect(recently.get_by_text("Sent", exact=True)).to_be_visible()

        # Takes back a draft.
        await press(stranger, "New mail")
        await page.get_by_role("textbox", name="Subject").fill("I was wrong")
        await press(stranger, "Discard")
        await press(page.get_by_role("dialog"), "Discard")
        await expect(page.get_by_role("region", name="Drafts")).to_have_count(0)

        # Transfers.
        await hand_in(customer_mail("For a colleague"), running.addresses.smtp)
        await expect(offer).to_contain_text("For a colleague")
        await press(offer, "Accept")
        await press(stranger, "Transfer")
        await press(page.get_by_role("dialog"), "Bruno Blum")
        await expect(recently.get_by_text("Transferred", exact=True)).to_be_visible()
        lasted = time.monotonic() - began
        await stranger.choose_state("Not ready")

        [mail] = (await agent2.get("/me/interactions?fields=id")).json()["interactions"]
        await agent2.post(mail["id"], "Accept")
        assert await until(lambda: is_mine(agent2, mail["id"]), 30)
        await agent2.post(mail["id"], "Complete")
        assert lasted < FIVE_MINUTES
        assert stranger.faults == []


async def is_mine(agent: AgentClient, mail: str) -> bool:
    listed = (await agent.get("/me/interactions?fields=id,state")).json()["interactions"]
    return {"id": mail, "state": "Accepted"} in listed
