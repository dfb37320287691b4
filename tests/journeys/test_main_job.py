"""One mail all the way, with the official CometD client as the agent's cometd_agent."""

import asyncio
from email import message_from_bytes, policy
from typing import Literal

import pytest

from deploy.local.stack.system import System
from tests.cometd_client import CometdAgent
from tests.journeys.listening import TOPIC, hear
from tests.support.clients import NOTE, SCAN, AgentClient, customer_mail, hand_in

pytestmark = [pytest.mark.connected, pytest.mark.journey]


@pytest.mark.parametrize("transport", ["long-polling", "websocket"])
async def test_a_strangers_mail_is_answered_and_completed(
    running: System, agent1: AgentClient, transport: Literal["long-polling", "websocket"]
) -> None:
    async with CometdAgent(
        f"{running.gateway_url}/cometd", "agent1", "agent1", transport=transport
    ) as cometd_agent:
        await cometd_agent.subscribe(TOPIC)
        await agent1.set_channel("Ready")
        await hand_in(customer_mail(f"Invoice by {transport}"), running.addresses.smtp)

        invited = await hear(cometd_agent, "Invited")
        assert invited["email_object"]["subject"] == f"Invoice by {transport}"
        assert invited["capabilities"] == ["Accept", "Reject"]
        inbound = invited["id"]

        assert await agent1.post(inbound, "Accept") == {"status": "ok", "statusCode": 0}
        accepted = await hear(cometd_agent, "Accepted", inbound)
        mail = accepted["email_object"]
        assert mail["Text"] == "Hello,\nhere is invoice 17."
        assert mail["FromAddress"] == "ann@example.org"
        assert [(one["name"], one["size"]) for one in mail["attachments"]] == [
            ("scan \N{EN DASH} page 1.tiff", len(SCAN)),
            ("note.bin", len(NOTE)),
        ]

        for attachment, content in zip(mail["attachments"], (SCAN, NOTE), strict=True):
            path = f"/me/interactions/{inbound}/attachments/{attachment['id']}"
            assert (await agent1.get(path)).content == content

        answer = await agent1.post(
            inbound,
            "Reply",
            subjectPrefix="Re: ",
            replyToStartLine="Ann wrote:",
            indentCharacter="> ",
            quoteOriginal=True,
            queueName="drafts",
        )
        draft = await hear(cometd_agent, "ReplyCreated", answer["replyInteractionId"])
        assert draft["email_object"]["Text"] == "Ann wrote:\n> Hello,\n> here is invoice 17."
        assert draft["capabilities"] == [
            "Cancel",
            "Send",
            "PlaceInWorkbin",
            "UpdateProperties",
            "LinkAttachment",
        ]

        text = f"It is paid.\n\n{draft['email_object']['Text']}"
        await agent1.post(
            draft["id"],
            "Send",
            queueName="drafts",
            email_object={"text": text, "bccAddress": "boss@example.org"},
        )
        async with asyncio.timeout(20):
            sent = await running.sink.arrivals.get()
        assert (sent.sender, sent.recipients) == (
            "support@demo.example",
            ("ann@example.org", "boss@example.org"),
        )
        message = message_from_bytes(sent.file.read_bytes(), policy=policy.default)
        assert message["Subject"] == f"Re: Invoice by {transport}"
        assert message["From"] == "Demo Support <support@demo.example>"
        assert message["In-Reply-To"] == f"<Invoice-by-{transport}@example.org>"
        assert message["References"] == message["In-Reply-To"]
        assert message["Bcc"] is None
        assert message.get_content().splitlines() == text.splitlines()
        await hear(cometd_agent, "Sent", draft["id"])

        assert await agent1.post(inbound, "Complete") == {"statusCode": 0, "status": "ok"}
        assert (await hear(cometd_agent, "Completed", inbound))["capabilities"] == []
        await agent1.set_channel("NotReady")


async def test_the_answer_to_an_answer_is_threaded(running: System, agent1: AgentClient) -> None:
    async with CometdAgent(f"{running.gateway_url}/cometd", "agent1", "agent1") as cometd_agent:
        await cometd_agent.subscribe(TOPIC)
        await agent1.set_channel("Ready")
        await hand_in(customer_mail("Root"), running.addresses.smtp)
        first = await hear(cometd_agent, "Invited")
        await agent1.post(first["id"], "Accept")
        await hear(cometd_agent, "Accepted", first["id"])
        answer = await agent1.post(first["id"], "Reply", queueName="drafts")
        await hear(cometd_agent, "ReplyCreated", answer["replyInteractionId"])
        await agent1.post(
            answer["replyInteractionId"], "Send", queueName="drafts", email_object={"text": "ok"}
        )
        async with asyncio.timeout(20):
            sent = message_from_bytes((await running.sink.arrivals.get()).file.read_bytes())

        await hand_in(
            customer_mail("Re Root", In_Reply_To=sent["Message-ID"]), running.addresses.smtp
        )
        second = await hear(cometd_agent, "Invited")

        assert second["interactionSubType"] == "InboundCustomerReply"
        assert second["parentInteractionId"] == answer["replyInteractionId"]
        for interaction_id in (first["id"], second["id"]):
            if interaction_id == second["id"]:
                await agent1.post(interaction_id, "Accept")
                await hear(cometd_agent, "Accepted", interaction_id)
            await agent1.post(interaction_id, "Complete")
            await hear(cometd_agent, "Completed", interaction_id)
        await agent1.set_channel("NotReady")


async def test_the_same_mail_handed_in_twice_is_one_interaction(
    running: System, agent1: AgentClient
) -> None:
    async with CometdAgent(f"{running.gateway_url}/cometd", "agent1", "agent1") as cometd_agent:
        await cometd_agent.subscribe(TOPIC)
        await agent1.set_channel("Ready")
        twice, after = customer_mail("Twice"), customer_mail("After")
        for mail in (twice, twice, after):
            await hand_in(mail, running.addresses.smtp)

        subjects = []
        for _ in range(2):
            invited = await hear(cometd_agent, "Invited")
            subjects.append(invited["email_object"]["subject"])
            await agent1.post(invited["id"], "Accept")
            await hear(cometd_agent, "Accepted", invited["id"])
            await agent1.post(invited["id"], "Complete")
            await hear(cometd_agent, "Completed", invited["id"])
        await agent1.set_channel("NotReady")

    assert sorted(subjects) == ["After", "Twice"]
