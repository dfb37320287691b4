"""Arrived mail is screened, a person is acknowledged once, and two robots do not go on for ever."""

import asyncio
import smtplib
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import httpx2 as httpx
import pytest

from deploy.local.stack.system import System
from tests.cometd_client import CometdAgent
from tests.journeys.listening import TOPIC, hear
from tests.support.clients import AgentClient
from tests.support.waiting import until

pytestmark = [pytest.mark.connected, pytest.mark.journey]

ROBOT, PERSON = "robot@client.example", "person@client.example"
ROUNDS = 100


def mail_from(sender: str, subject: str, **headers: str) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, "hello@demo.example", subject
    mail["Message-ID"] = f"<{subject.replace(' ', '-')}@client.example>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content("Hello")
    return mail.as_bytes(policy=policy.SMTP)


async def hand_in_all(running: System, sender: str, *mails: bytes) -> None:
    def send() -> None:
        with smtplib.SMTP("127.0.0.1", running.addresses.smtp) as smtp:
            for mail in mails:
                smtp.sendmail(sender, ["hello@demo.example"], mail)

    await asyncio.to_thread(send)


async def next_sent(running: System) -> Any:
    async with asyncio.timeout(30):
        return await running.sink.arrivals.get()


async def test_two_robots_stop_after_one_acknowledgement(running: System) -> None:
    await hand_in_all(running, ROBOT, mail_from(ROBOT, "Robot"))
    sent = await next_sent(running)
    acknowledgement = message_from_bytes(sent.file.read_bytes(), policy=policy.default)
    ours = acknowledgement["Message-ID"]
    # A robot without any mark: it answers what it gets, or writes anew, under changing names.
    answers = [
        mail_from(ROBOT, f"Answer {number}", **({"In_Reply_To": ours} if number % 2 else {}))
        for number in range(ROUNDS)
    ]

    await hand_in_all(running, ROBOT, *answers)
    async with httpx.AsyncClient(base_url=running.gateway_url, auth=("admin", "admin")) as admin:

        async def are_stored() -> bool:
            url = "/api/v2/interactions"
            found = await admin.get(url, params={"currentQueue": "robots", "limit": "500"})
            return len(found.json()["uris"]) == ROUNDS + 1

        assert await until(are_stored, seconds=60)
    await hand_in_all(running, PERSON, mail_from(PERSON, "Person"))
    last = await next_sent(running)

    assert (sent.sender, sent.recipients) == ("<>", (ROBOT,))
    assert acknowledgement["Subject"] == "Auto: Robot"
    assert acknowledgement["Auto-Submitted"] == "auto-replied"
    assert acknowledgement.get_content().strip() == "We have your mail."
    assert last.recipients == (PERSON,)
    assert running.sink.arrivals.empty()


async def test_screened_mail_is_offered_elsewhere_with_its_data(
    running: System, agent1: AgentClient
) -> None:
    async with CometdAgent(f"{running.gateway_url}/cometd", "agent1", "agent1") as agent:
        await agent.subscribe(TOPIC)
        await agent1.set_channel("Ready")
        news = mail_from("news@client.example", "News", List_Id="<news.client.example>")

        await hand_in_all(running, "news@client.example", news)
        offered = await hear(agent, "Invited")
        await agent1.post(offered["id"], "Accept")
        accepted = await hear(agent, "Accepted", offered["id"])
        await agent1.post(offered["id"], "Complete")
        await hear(agent, "Completed", offered["id"])
        await agent1.set_channel("NotReady")

        data = accepted["userData"]
        assert (data["Segment"], data["_Screening"]) == (
            "news",
            "news: to queue support, attach Segment",
        )
        assert data["_NotAcknowledged"] == "a machine has written it (mailing list)"
        assert running.sink.arrivals.empty()
