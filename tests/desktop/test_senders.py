"""The address that a mail is from is chosen among those that the agent may write from."""

import pytest
from playwright.async_api import expect

from deploy.local.stack.system import System
from tests.desktop.test_writing import sent
from tests.support.agent_page import AgentPage, shown
from tests.support.clients import AgentClient, customer_mail, hand_in

pytestmark = [pytest.mark.connected, pytest.mark.journey, pytest.mark.timeout(300)]


async def test_chosen_sender_outlasts_a_reload_and_is_sent(
    desk: AgentPage, running: System
) -> None:
    page = desk.page
    await page.keyboard.press("c")
    await expect(page.locator("#to")).to_be_focused()
    await page.keyboard.type("ann@example.org,")
    await page.fill("#subject", "From sales")
    choice = page.get_by_label("From", exact=True)
    await expect(choice).to_have_value("support@demo.example")
    options = await choice.locator("option").all_text_contents()

    await choice.select_option("sales@demo.example")
    await expect(page.locator("footer [role=status]")).to_have_text("Saved")
    barriers = await desk.barriers()
    await desk.picture("sender")
    await page.reload()
    await page.locator("nav [data-id]", has_text="From sales").click()
    await expect(choice).to_have_value("sales@demo.example")
    await page.get_by_role("button", name="Send", exact=True).click()

    await desk.ended("From sales", "Sent")
    mail = await sent(running, "From sales")
    assert mail["From"] == "Demo Sales <sales@demo.example>"
    assert options == ["Demo Support <support@demo.example>", "Demo Sales <sales@demo.example>"]
    assert shown(barriers) == "[]"


async def test_answer_is_from_the_address_that_was_written_to(
    desk: AgentPage, running: System
) -> None:
    page = desk.page
    await hand_in(customer_mail("Whom I wrote to"), running.addresses.smtp)
    await desk.accept("Whom I wrote to")
    await page.keyboard.press("r")
    await desk.write("An answer.")

    await expect(page.locator("#from")).to_have_value("support@demo.example")
    await expect(page.locator("footer [role=status]")).to_have_text("Saved")
    await page.get_by_role("button", name="Send and done").click()
    await desk.ended("Re: Whom I wrote to", "Sent")
    mail = await sent(running, "Re: Whom I wrote to")
    assert mail["From"] == "Demo Support <support@demo.example>"


async def test_sender_with_a_tag_is_shown_beside_the_others(
    desk: AgentPage, agent1: AgentClient
) -> None:
    page = desk.page
    body = {
        "operationName": "Create",
        "queueName": "drafts",
        "email_object": {"subject": "Tagged", "fromAddress": "support+spring@demo.example"},
    }
    answer = await agent1.client.post("/api/v2/me/interactions", json=body)

    await page.locator("nav [data-id]", has_text="Tagged").click()

    await expect(page.locator("#from")).to_have_value("support+spring@demo.example")
    await expect(page.locator("#from").locator("option")).to_have_count(3)
    await agent1.post(answer.json()["interactionId"], "Cancel")
    await desk.ended("Tagged", "Discarded")
