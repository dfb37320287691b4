"""HTML mails at the desktop: their design and their own pictures; outside ones when asked for."""

from email import policy
from email.message import EmailMessage

import pytest

from deploy.local.stack.system import System
from tests.support.agent_page import AgentPage
from tests.support.clients import hand_in

pytestmark = [pytest.mark.connected, pytest.mark.journey, pytest.mark.timeout(300)]

DOT = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d4944415478da6364f8cf500f00038601805a347d6b0000000049454e44ae426082"
)
DECODED = "one => one.decode()"
"""Fails where the picture cannot be shown."""
COLOR = "one => getComputedStyle(one).color"
SCROLLS = """one => {
  const page = one.contentDocument.documentElement;
  return page.scrollHeight > page.clientHeight;
}"""
HAS_HEIGHT = """() => {
  const frame = document.querySelector("iframe[src*='/view']");
  return frame?.style.blockSize && frame.contentDocument?.readyState === "complete";
}"""
HAS_ROOM = """() => {
  const page = document.querySelector("iframe[src*='/view']").contentDocument.documentElement;
  return page.scrollHeight <= page.clientHeight;
}"""
TALL = {
    "One line": "<p>short</p>",
    "Forty lines": "<p>a line that is long enough to be two on a small page</p>" * 40,
    "Endless": "<p style='height:9000000px'>tall</p>",
}


def html_mail(subject: str) -> bytes:
    """Return a mail in red letters, with a picture of its own and one from outside."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "ann@example.org", "support@demo.example", subject
    mail["Message-ID"] = f"<{subject.replace(' ', '-')}@example.org>"
    mail.set_content("Red letters\n")
    mail.add_alternative(
        '<p style="color:red">Red letters</p><img alt="own" src="cid:dot@example.org">'
        '<img alt="outside" src="https://pictures.example.org/dot.png">',
        subtype="html",
    )
    part = mail.get_body(("html",))
    assert part is not None
    part.add_related(DOT, "image", "png", cid="<dot@example.org>")
    return mail.as_bytes(policy=policy.SMTP)


def html_of(subject: str, html: str) -> bytes:
    """Return a mail that has HTML only."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "ann@example.org", "support@demo.example", subject
    mail["Message-ID"] = f"<{subject.replace(' ', '-')}@example.org>"
    mail.set_content(html, subtype="html")
    return mail.as_bytes(policy=policy.SMTP)


async def test_html_mail_has_its_design_and_pictures(desk: AgentPage, running: System) -> None:
    page, subject = desk.page, "Letters in red"
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    mail = page.frame_locator("iframe[src*='/view']")

    await hand_in(html_mail(subject), running.addresses.smtp)
    await desk.accept(subject)
    await mail.get_by_alt_text("own").evaluate(DECODED)
    color = await mail.locator("p").evaluate(COLOR)
    before = [one for one in asked if one.startswith("https://pictures.")]
    async with page.expect_request("https://pictures.example.org/dot.png"):
        await page.get_by_role("button", name="Load pictures from outside").click()
    barriers = await desk.barriers()
    # The page scrolls, and not the frame in it.
    frame = page.locator("iframe[src*='/view']")
    scrolls = await frame.evaluate(SCROLLS)
    await page.keyboard.press("e")
    await desk.ended(subject, "Done")
    # The browser reports the picture whose host it cannot find.
    desk.faults[:] = [one for one in desk.faults if "ERR_NAME_NOT_RESOLVED" not in one]

    assert (color, before, barriers) == ("rgb(255, 0, 0)", [], [])
    assert not scrolls


async def test_frame_is_as_tall_as_its_mail_within_bounds(desk: AgentPage, running: System) -> None:
    page, frame = desk.page, desk.page.locator("iframe[src*='/view']")
    heights = {}
    for subject, html in TALL.items():
        await hand_in(html_of(subject, html), running.addresses.smtp)
        await desk.accept(subject)
        await page.wait_for_function(HAS_HEIGHT)
        heights[subject] = await frame.evaluate("one => one.offsetHeight")
        if subject == "Forty lines":
            await page.set_viewport_size({"width": 400, "height": 800})
            await page.wait_for_function(HAS_ROOM)
            await page.set_viewport_size({"width": 1320, "height": 820})
            await page.wait_for_function(HAS_ROOM)
        await page.keyboard.press("e")
        await desk.ended(subject, "Done")

    assert 800 < heights["Forty lines"] < 4_000
    assert heights["Endless"] <= 20_020
    assert heights["One line"] < 200
