"""Files on their way from an agent's desktop into a customer's mail."""

import asyncio
from collections.abc import Mapping
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import httpx2 as httpx
import pytest

from deploy.local.stack.system import System
from tests.cometd_client import CometdAgent
from tests.journeys.listening import TOPIC, hear
from tests.support.clients import SCAN, AgentClient, hand_in

pytestmark = [pytest.mark.connected, pytest.mark.journey]

LOGO = b"\x89PNG\r\n\x1a\n" + bytes(range(200))
OFFER = b"%PDF-1.7\n" + bytes(range(256)) * 20_000


def mail_with_picture() -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"] = "ann@example.org", "support@demo.example"
    mail["Subject"], mail["Message-ID"] = "Our logo", "<logo-1@example.org>"
    mail.set_content("Our logo.")
    mail.add_alternative('<p>Our logo: <img src="cid:logo@example.org"></p>', subtype="html")
    page = list(mail.iter_parts())[1]
    assert isinstance(page, EmailMessage)
    page.add_related(LOGO, "image", "png", cid="<logo@example.org>", filename="logo.png")
    return mail.as_bytes(policy=policy.SMTP)


async def attach(
    agent: AgentClient, draft: str, *files: tuple[str, bytes, str]
) -> Mapping[str, Any]:
    answer = await agent.client.post(
        f"/api/v2/me/interactions/{draft}/attachments",
        files=[("attachment", file) for file in files],
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def told(cometd_agent: CometdAgent, notification: str, draft: str) -> list[str]:
    """Wait for a message about the files of a draft; return their names."""
    event = await cometd_agent.event(
        lambda one: (
            (one["data"].get("notificationType"), one["data"].get("id")) == (notification, draft)
        )
    )
    return [one["name"] for one in event["data"]["email_object"]["attachments"]]


async def replied_to(
    cometd_agent: CometdAgent, agent: AgentClient, running: System
) -> tuple[str, str]:
    """Return the ids of Ann's mail, accepted, and of a draft that quotes it."""
    await cometd_agent.subscribe(TOPIC)
    await agent.set_channel("Ready")
    await hand_in(mail_with_picture(), running.addresses.smtp)
    inbound = (await hear(cometd_agent, "Invited"))["id"]
    await agent.post(inbound, "Accept")
    mail = (await hear(cometd_agent, "Accepted", inbound))["email_object"]
    assert [one["contentId"] for one in mail["attachments"]] == ["logo@example.org"]
    answer = await agent.post(inbound, "Reply", quoteOriginal=True, queueName="drafts")
    draft = answer["replyInteractionId"]
    await hear(cometd_agent, "ReplyCreated", draft)
    return inbound, draft


async def test_files_are_listed_taken_off_and_sent(running: System, agent1: AgentClient) -> None:
    async with CometdAgent(f"{running.gateway_url}/cometd", "agent1", "agent1") as cometd_agent:
        inbound, draft = await replied_to(cometd_agent, agent1, running)

        offer = await attach(agent1, draft, ("Angebot März.pdf", OFFER, "application/pdf"))
        assert await told(cometd_agent, "AttachmentAdded", draft) == ["Angebot März.pdf"]
        wrong = await attach(agent1, draft, ("wrong.txt", b"not this", "text/plain"))
        assert len(await told(cometd_agent, "AttachmentAdded", draft)) == 2
        read = await agent1.get(f"/me/interactions/{draft}/attachments/{offer['documentId']}")
        assert read.content == OFFER
        await agent1.client.delete(
            f"/api/v2/me/interactions/{draft}/attachments/{wrong['documentId']}"
        )
        assert await told(cometd_agent, "AttachmentRemoved", draft) == ["Angebot März.pdf"]
        # The last one is in the mail although nobody waits until it is listed.
        await attach(agent1, draft, ("scan.tiff", SCAN, "image/tiff"))
        await agent1.post(draft, "Send", queueName="drafts")

        async with asyncio.timeout(20):
            sent = await running.sink.arrivals.get()
        message = message_from_bytes(sent.file.read_bytes(), policy=policy.default)
        files = [(one.get_filename(), one.get_content()) for one in message.iter_attachments()]
        assert files == [("Angebot März.pdf", OFFER), ("scan.tiff", SCAN)]
        images = [part for part in message.walk() if part["Content-ID"]]
        assert [(one["Content-ID"], one.get_content()) for one in images] == [
            ("<logo@example.org>", LOGO)
        ]
        page = message.get_body(("html",))
        assert page is not None
        assert "cid:logo@example.org" in page.get_content()
        await hear(cometd_agent, "Sent", draft)
        await agent1.post(inbound, "Complete")
        await hear(cometd_agent, "Completed", inbound)
        await agent1.set_channel("NotReady")


async def test_a_file_that_comes_too_late_is_refused(running: System, agent1: AgentClient) -> None:
    async with CometdAgent(f"{running.gateway_url}/cometd", "agent1", "agent1") as cometd_agent:
        inbound, draft = await replied_to(cometd_agent, agent1, running)
        await agent1.post(draft, "Send", queueName="drafts")
        await hear(cometd_agent, "Sent", draft)

        late: httpx.Response = await agent1.client.post(
            f"/api/v2/me/interactions/{draft}/attachments",
            files={"attachment": ("late.txt", b"x")},
        )

        assert (late.status_code, late.json()["statusCode"]) == (409, 2)
        await running.sink.arrivals.get()
        await agent1.post(inbound, "Complete")
        await hear(cometd_agent, "Completed", inbound)
        await agent1.set_channel("NotReady")
