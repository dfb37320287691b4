"""Formatted words at the desktop: written, pasted, kept, sent with their plain twin."""

from collections.abc import AsyncIterator
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from playwright.async_api import Page, expect

from deploy.local.stack.system import System
from tests.desktop.test_html_mails import html_mail
from tests.support.agent_page import AgentPage, prefer, shown
from tests.support.clients import hand_in

pytestmark = [pytest.mark.connected, pytest.mark.journey, pytest.mark.timeout(300)]

PASTED = """
<meta charset="utf-8"><style>p {color: red}</style>
<p style="position:fixed;inset:0" onclick="alert(1)">from <b>elsewhere</b>
<a href="javascript:alert(1)">bad</a> <a href="https://example.org/x">good</a>
<img src="https://pictures.example.org/spy.png" onerror="alert(1)"><script>alert(1)</script>
<form><input value="x"><button>go</button></form></p><ul><li>point</li></ul>
<blockquote type="cite"><p style="position:fixed">spoken
<img src="https://pictures.example.org/spy.png"><script>alert(1)</script></p></blockquote>
"""
OUTER = "all => all.map((one) => one.outerHTML)"
PASTE = """(place, html) => {
  const clipboard = new DataTransfer();
  clipboard.setData("text/html", html);
  place.dispatchEvent(
    new ClipboardEvent("paste", {clipboardData: clipboard, bubbles: true, cancelable: true}));
}"""


@pytest.fixture
async def formatting(running: System, desk: AgentPage) -> AsyncIterator[AgentPage]:
    """The desktop of agent1, who writes with formats for the time of a test."""
    await prefer(running.gateway_url, "agent1", formats=True)
    await desk.page.reload()
    await expect(desk.page.locator("nav")).to_be_visible()
    yield desk
    await prefer(running.gateway_url, "agent1", formats=False)


async def sent(running: System, subject: str) -> EmailMessage:
    """Return the next mail of a subject that reached the customer's server."""
    while True:
        content = (await running.sink.arrivals.get()).file.read_bytes()
        mail = message_from_bytes(content, policy=policy.default)
        if mail["Subject"] == subject:
            return mail


def body(mail: EmailMessage, kind: str) -> str:
    """Return one of the two forms of a mail."""
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


async def saved(page: Page) -> None:
    """Wait until the server has what was written."""
    await expect(page.locator("footer [role=status]")).to_have_text("Saved")


async def test_formatted_answer_keeps_the_quote_and_has_a_plain_twin(
    formatting: AgentPage, running: System
) -> None:
    page, subject = formatting.page, "Paid twice"
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    await hand_in(html_mail(subject), running.addresses.smtp)
    await formatting.accept(subject)
    await page.keyboard.press("r")
    words = page.locator(".rich-words")
    await expect(words).to_be_focused()

    await page.keyboard.type("Dear ")
    await page.keyboard.press("Control+b")
    await page.keyboard.type("Ann")
    await page.keyboard.press("Control+b")
    await page.keyboard.type(", invoice <17> is settled:")
    await page.keyboard.press("Enter")
    await page.keyboard.type("- one payment was too many")
    await page.keyboard.press("Enter")
    await page.keyboard.type("it is on its way back")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")
    await page.keyboard.type("    Total:      5 EUR")
    await page.keyboard.press("Enter")
    await page.keyboard.type("Questions? See https://example.org/help now")
    await saved(page)
    await formatting.picture("writing")
    await words.evaluate(PASTE, PASTED)
    await saved(page)
    barriers = await formatting.barriers()
    # Another page goes on with the same words.
    before = await words.locator("> :not(details)").evaluate_all(OUTER)
    await page.reload()
    await page.locator("nav [data-id]", has_text=f"Re: {subject}").click()
    await expect(words).to_be_visible()
    again = await words.locator("> :not(details)").evaluate_all(OUTER)
    await page.get_by_role("button", name="Send and done").click()
    await formatting.ended(f"Re: {subject}", "Sent")

    mail = await sent(running, f"Re: {subject}")
    text, html = body(mail, "plain"), body(mail, "html")
    assert text.startswith(
        "Dear Ann, invoice <17> is settled:\n- one payment was too many\n- it is on its way back\n"
        "    Total:      5 EUR\nQuestions? See https://example.org/help nowfrom elsewhere"
    )
    assert "good <https://example.org/x>" in text
    assert "> spoken" in text
    assert text.rstrip().endswith("> Red letters")
    assert "\u00a0 \u00a0 Total:\u00a0 \u00a0 \u00a0 5 EUR" in html.replace("&nbsp;", "\u00a0")
    assert "<strong>Ann</strong>, invoice &lt;17&gt; is settled" in html
    assert '<a href="https://example.org/help"' in html
    assert 'style="color:red"' in html.replace("color: red", "color:red")
    assert not {"<script", "onclick", "javascript:", "spy.png", "position", "<form"} & {
        one
        for one in ("<script", "onclick", "javascript:", "spy.png", "position", "<form")
        if one in html
    }
    assert again == before
    assert not [one for one in asked if "pictures.example.org" in one]
    assert shown(barriers) == "[]"


async def test_toolbar_links_and_plain_text_work_by_key(formatting: AgentPage) -> None:
    page = formatting.page
    await page.keyboard.press("c")
    words = page.locator(".rich-words")
    await words.click()
    await page.keyboard.type("see here")
    await page.keyboard.press("Control+Shift+ArrowLeft")
    await page.keyboard.press("Control+k")
    address = page.get_by_role("dialog").get_by_role("textbox")
    await address.fill("javascript:alert(1)")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog").get_by_role("alert")).to_be_visible()
    await address.fill("example.org/here")
    await page.keyboard.press("Enter")
    await expect(words.locator("a")).to_have_attribute("href", "https://example.org/here")
    await expect(words).to_be_focused()
    # The whole link has another address, of which no word is typed into it.
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("ArrowLeft")
    await page.keyboard.press("ArrowLeft")
    await page.keyboard.press("Control+k")
    await expect(address).to_have_value("https://example.org/here")
    await address.fill("example.org/there")
    await page.keyboard.press("Enter")
    await expect(words.locator("a")).to_have_attribute("href", "https://example.org/there")
    await expect(words.locator("a")).to_have_text("here")
    await expect(words).to_be_focused()
    await page.keyboard.press("End")
    # No trap: Tab leaves the text, and goes on to what follows it.
    await page.keyboard.press("Tab")
    await expect(words).not_to_be_focused()
    await saved(page)
    await page.get_by_role("button", name="Plain text").click()
    await formatting.picture("plain_question")
    await page.get_by_role("dialog").get_by_role("button", name="Plain text").click()

    plain = page.locator("textarea.words")
    await expect(plain).to_have_value("see here <https://example.org/there>")
    await saved(page)
    await page.get_by_role("button", name="With format").click()
    await expect(words).to_contain_text("see here")
    await page.get_by_role("button", name="Discard").click()
    await page.get_by_role("dialog").get_by_role("button", name="Discard").click()
    await formatting.ended("(no subject)", "Discarded")
