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
    await page.keyboard.press("e")
    await desk.ended(subject, "Done")
    # The browser reports the picture whose host it cannot find.
    desk.faults[:] = [one for one in desk.faults if "ERR_NAME_NOT_RESOLVED" not in one]

    assert (color, before, barriers) == ("rgb(255, 0, 0)", [], [])
