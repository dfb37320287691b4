"""Writing at the desktop: answers, files, what is kept, and what becomes of a mail."""

import asyncio
import os
import signal
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from playwright.async_api import FilePayload, expect

from deploy.local.stack.system import System
from tests.support.agent_page import AgentPage, shown
from tests.support.clients import AgentClient, customer_mail, hand_in
from tests.support.waiting import until

pytestmark = [pytest.mark.connected, pytest.mark.journey, pytest.mark.timeout(300)]

PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc0"
    "000003010100c9fe92ef0000000049454e44ae426082"
)


async def sent(running: System, subject: str) -> EmailMessage:
    """Return the next mail of a subject that reached the customer's server."""
    async with asyncio.timeout(30):
        while True:
            file = (await running.sink.arrivals.get()).file
            content = await asyncio.to_thread(file.read_bytes)
            mail = message_from_bytes(content, policy=policy.default)
            if mail["Subject"] == subject:
                return mail


async def draft_of(agent: AgentClient, subject: str) -> dict[str, Any]:
    """Return the agent's draft of a subject, as the gateway has it."""
    listed = (await agent.get("/me/interactions?fields=*")).json()["interactions"]
    [found] = [one for one in listed if one["email_object"]["Subject"] == subject]
    return dict(found)


async def test_answer_with_files_is_sent_and_the_work_done(
    desk: AgentPage, running: System
) -> None:
    page = desk.page
    await hand_in(customer_mail("Invoice 17"), running.addresses.smtp)
    await desk.accept("Invoice 17")

    await page.keyboard.press("Shift+R")
    await desk.write("Dear Ann,\n\nit is paid.")
    await page.set_input_files(
        "input[type=file]",
        [
            FilePayload(name="stamp.png", mimeType="image/png", buffer=PICTURE),
            FilePayload(name="Größe.txt", mimeType="text/plain", buffer="Größe".encode()),
        ],
    )
    await expect(page.locator(".files .file")).to_have_count(2)
    await expect(page.locator("footer")).to_contain_text("2 people, 2 outside")
    await expect(page.locator("footer [role=status]")).to_have_text("Saved")
    barriers = await desk.barriers()
    await page.emulate_media(color_scheme="dark")
    await desk.picture("plain_writing")
    barriers += await desk.barriers()
    await page.get_by_role("button", name="Send and done").click()

    await desk.ended("Re: Invoice 17", "Sent")
    await desk.ended("Invoice 17", "Done")
    mail = await sent(running, "Re: Invoice 17")
    body = mail.get_body(("plain",))
    assert body is not None
    text = body.get_content().replace("\r\n", "\n")
    assert text.startswith("Dear Ann,\n\nit is paid.\n\nOn ")
    assert "> here is invoice 17." in text
    assert (mail["To"], mail["Cc"]) == ("Ann <ann@example.org>", "Bo <bo@example.org>")
    names = {one.get_filename() for one in mail.iter_attachments()}
    assert names == {"stamp.png", "Größe.txt"}
    assert shown(barriers) == "[]"


async def test_new_mail_names_a_wrong_address_and_is_sent(desk: AgentPage, running: System) -> None:
    page = desk.page

    await page.keyboard.press("c")
    await expect(page.locator("#to")).to_be_focused()
    await page.keyboard.type("Ann Berg <ann@example.org>, nobody,")
    await expect(page.get_by_role("alert").filter(has_text="nobody")).to_be_visible()
    await page.fill("#to", "bo@example.org")
    await page.fill("#subject", "A word")
    await page.fill("textarea.words", "Hello both")
    await page.keyboard.press("Control+Enter")

    await desk.ended("A word", "Sent")
    mail = await sent(running, "A word")
    assert mail["To"] == "ann@example.org, bo@example.org"


async def test_mail_that_waits_is_discarded_only_after_a_question(
    desk: AgentPage, running: System
) -> None:
    page = desk.page
    running.sink.close()
    try:
        await page.keyboard.press("c")
        await page.fill("#to", "Ann <ann@example.org>")
        await page.keyboard.press("Enter")
        await page.fill("#subject", "Never sent")
        await page.keyboard.press("Control+Enter")
        await expect(page.locator("main")).to_contain_text("Choose a mail")
        await page.locator("nav [data-id]", has_text="Never sent").click()
        await expect(page.get_by_text("Not sent yet")).to_be_visible()
        stop = page.get_by_role("button", name="Stop sending")
        question = page.get_by_role("dialog")

        await stop.click()
        await expect(question).to_contain_text("It is discarded")
        barriers = await desk.barriers()
        await desk.picture("stop_sending")
        await page.keyboard.press("Escape")
        await expect(question).to_have_count(0)
        await expect(stop).to_be_focused()
        await stop.click()
        await question.get_by_role("button", name="Stop sending").click()

        await desk.ended("Never sent", "Discarded")
        assert shown(barriers) == "[]"
    finally:
        await running.sink.listen()


async def test_draft_outlives_the_tab_and_is_discarded(desk: AgentPage) -> None:
    page = desk.page
    await page.keyboard.press("c")
    await page.fill("#subject", "Later")
    await page.fill("textarea.words", "First words")
    await expect(page.locator("footer [role=status]")).to_have_text("Saved")
    await page.route("**/api/v2/me/interactions/**", lambda route: route.abort())
    await page.type("textarea.words", " and more")
    await expect(page.locator("footer [role=status]")).to_contain_text("Saved in this browser")

    await page.unroute_all()
    await page.reload()
    await page.locator("nav [data-id]", has_text="Later").click()

    words = page.locator("textarea.words")
    await expect(words).to_have_value("First words and more")
    await expect(page.locator("footer [role=status]")).to_have_text("Saved")
    await page.get_by_role("button", name="Discard").click()
    await page.get_by_role("dialog").get_by_role("button", name="Discard").click()
    await desk.ended("Later", "Discarded")


async def test_words_of_two_windows_are_joined(desk: AgentPage, agent1: AgentClient) -> None:
    page = desk.page
    await page.keyboard.press("c")
    await page.fill("#subject", "Two windows")
    await page.fill("textarea.words", "Dear Ann,\n\nyes.\n\nAda")
    await expect(page.locator("footer [role=status]")).to_have_text("Saved")
    draft = await draft_of(agent1, "Two windows")

    await page.route("**/api/v2/me/interactions/**", lambda route: route.abort())
    await page.fill("textarea.words", "Hello Ann,\n\nyes.\n\nAda")
    await agent1.post(
        draft["id"], "Save", email_object={"text": "Dear Ann,\n\nyes.\n\nKind regards\nAda"}
    )
    await page.unroute_all()

    words = page.locator("textarea.words")
    await expect(words).to_have_value("Hello Ann,\n\nyes.\n\nKind regards\nAda")

    async def is_stored() -> bool:
        answer = await agent1.get(f"/me/interactions/{draft['id']}")
        text: Any = answer.json()["interaction"]["email_object"]["Text"]
        return bool(text == "Hello Ann,\n\nyes.\n\nKind regards\nAda")

    assert await until(is_stored, 20)
    await agent1.post(draft["id"], "Cancel")
    await desk.ended("Two windows", "Discarded")


async def test_words_typed_while_the_gateway_dies_are_kept(
    desk: AgentPage, running: System, agent1: AgentClient
) -> None:
    page = desk.page
    await page.keyboard.press("c")
    await page.fill("#subject", "Gateway")
    await page.focus("textarea.words")
    await page.keyboard.type("before ")
    await expect(page.locator("footer [role=status]")).to_have_text("Saved")

    os.kill(running.supervisor.pid("gateway"), signal.SIGKILL)
    await page.keyboard.type("while it is away", delay=30)
    await running.supervisor.wait_until_ready()

    await expect(page.locator("footer [role=status]")).to_have_text("Saved", timeout=40_000)
    draft = await draft_of(agent1, "Gateway")
    assert draft["email_object"]["Text"] == "before while it is away"
    await agent1.post(draft["id"], "Cancel")
    await desk.ended("Gateway", "Discarded")


async def test_login_over_the_page_keeps_what_is_written(desk: AgentPage) -> None:
    page = desk.page
    await page.keyboard.press("c")
    await page.fill("#subject", "Session")
    await expect(page.locator("footer [role=status]")).to_have_text("Saved")

    # Before the login covers the page; the save of these words comes after it.
    await page.fill("textarea.words", "still here")
    await page.context.clear_cookies()
    dialog = page.get_by_role("dialog")
    await dialog.locator("[name=password]").fill("agent1")
    await page.keyboard.press("Enter")

    await expect(dialog).to_have_count(0)
    await expect(page.locator("textarea.words")).to_have_value("still here")
    await expect(page.locator("footer [role=status]")).to_have_text("Saved")
    await page.get_by_role("button", name="Discard").click()
    await page.get_by_role("dialog").get_by_role("button", name="Discard").click()
    await desk.ended("Session", "Discarded")


async def test_conflict_outlives_the_tab_until_one_is_chosen(
    desk: AgentPage, agent1: AgentClient
) -> None:
    page = desk.page
    words = page.locator("textarea.words")
    await page.keyboard.press("c")
    await page.fill("#subject", "Conflict")
    await page.fill("textarea.words", "first")
    await expect(page.locator("footer [role=status]")).to_have_text("Saved")
    draft = await draft_of(agent1, "Conflict")

    await page.route("**/api/v2/me/interactions/**", lambda route: route.abort())
    await page.fill("textarea.words", "mine")
    await expect(page.locator("footer [role=status]")).to_contain_text("Saved in this browser")
    await agent1.post(draft["id"], "Save", email_object={"text": "theirs"})
    conflict = page.get_by_role("alert").filter(has_text="theirs")
    await expect(conflict).to_be_visible()
    await page.unroute_all()
    await page.reload()
    await page.locator("nav [data-id]", has_text="Conflict").click()

    await expect(conflict).to_be_visible()
    await expect(words).to_have_value("mine")
    assert (await draft_of(agent1, "Conflict"))["email_object"]["Text"] == "theirs"
    await page.get_by_role("button", name="Take the other").click()
    await expect(words).to_have_value("theirs")
    await agent1.post(draft["id"], "Cancel")
    await desk.ended("Conflict", "Discarded")


async def test_draft_with_a_lost_file_or_address_is_not_sent(
    desk: AgentPage, running: System
) -> None:
    page = desk.page
    await page.keyboard.press("c")
    await page.fill("#to", "bo@example.org,")
    await page.fill("#subject", "Complete")
    await page.fill("textarea.words", "with a file")
    await page.route("**/attachments", lambda route: route.abort())
    file = FilePayload(name="words.txt", mimeType="text/plain", buffer=b"words")
    await page.set_input_files("input[type=file]", [file])
    failed = page.locator(".file.failed")
    await expect(failed).to_contain_text("words.txt")
    await page.unroute_all()

    await page.get_by_role("button", name="New mail").click()
    await page.locator("nav [data-id]", has_text="Complete").click()
    await page.fill("#to", "nobody")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#to")).to_be_focused()
    await page.fill("#to", "")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("alert").filter(has_text="words.txt")).to_be_visible()
    await failed.get_by_role("button", name="Try again").click()
    await expect(failed).to_have_count(0)
    await page.get_by_role("button", name="Send", exact=True).click()

    await desk.ended("Complete", "Sent")
    mail = await sent(running, "Complete")
    assert [one.get_filename() for one in mail.iter_attachments()] == ["words.txt"]
