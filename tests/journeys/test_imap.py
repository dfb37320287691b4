"""A mail in a mailbox of another server reaches an agent."""

import asyncio

import httpx2 as httpx
import pytest

from deploy.local.agent_client import logged_in
from deploy.local.stack.system import System
from tests.doubles.mails import mail
from tests.fixtures.imap_server import ImapPorts, running_imap_server

pytestmark = [pytest.mark.connected, pytest.mark.journey]

PATH = "/api/v2/mailboxes/sales@demo.example"


async def test_mail_in_a_mailbox_is_offered_to_an_agent(
    running: System, imap_ports: ImapPorts
) -> None:
    async with (
        running_imap_server(ports=imap_ports) as server,
        logged_in(running.gateway_url, "agent1", "agent1") as agent,
        httpx.AsyncClient(base_url=running.gateway_url, auth=("admin", "admin")) as admin,
    ):
        await agent.post("/me/channels/email", {"operationName": "Ready"})
        await asyncio.to_thread(server.append, "sales", mail(1, subject="By IMAP"))
        # Until now nobody answered there, and fetching rests longer after each fault.
        answer = await admin.post(PATH, json={"operationName": "LookNow"})

        async with asyncio.timeout(30):
            invited = await agent.wait_for_state("Invited")
        await agent.post(f"/me/interactions/{invited['id']}", {"operationName": "Accept"})
        accepted = await agent.wait_for_state("Accepted")
        await agent.post(f"/me/interactions/{invited['id']}", {"operationName": "Complete"})
        await agent.wait_for_state("Completed")
        await agent.post("/me/channels/email", {"operationName": "NotReady"})

        assert answer.json()["statusCode"] == 0
        assert accepted["email_object"]["subject"] == "By IMAP"
        mailbox = (await admin.get(PATH)).json()["mailbox"]
        assert mailbox["mailsToday"] == 1
