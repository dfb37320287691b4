"""Postfix as the next server: its reports come back, are matched, and ring nobody."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from deploy.local.stack.system import System
from tests.cometd_client import CometdAgent
from tests.doubles.smtp_sink import SmtpSink, answering, running_sink
from tests.fixtures.mail_server import running_relay
from tests.journeys.listening import TOPIC, hear
from tests.support.clients import AgentClient, customer_mail, hand_in

pytestmark = [pytest.mark.connected, pytest.mark.journey]

GONE, FULL, FINE = "gone@client.example", "full@client.example", "fine@client.example"
_ANSWERS = {
    GONE: "550 5.1.1 no such user",
    FULL: "452 4.2.2 the mailbox is full",
}
_RELAY = """\
transport_maps = inline:{{{{
  {{{{ demo.example = lmtp:[127.0.0.1]:{lmtp} }}}},
  {{{{ client.example = smtp:[127.0.0.1]:{customers} }}}} }}}}
maximal_queue_lifetime = 2s
bounce_queue_lifetime = 1h
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 1s
smtp_destination_concurrency_failed_cohort_limit = 0
smtp_tls_security_level = none
lmtp_tls_security_level = none
"""


@pytest.fixture
async def customers(running: System) -> AsyncIterator[SmtpSink]:
    """The customers' server, behind a Postfix that outbound hands its mail to."""
    async with running_sink() as sink:
        sink.behaviors = [answering(_ANSWERS)] * 1_000
        lines = _RELAY.format(lmtp=running.addresses.lmtp, customers=sink.port)
        async with running_relay(lines) as relay:
            key = {"MAILROOM_BOUNCE_KEY": "a-key-of-the-journeys-0123456789-0123456789"}
            async with _told(running, "ingest", key):
                route = {"OUTBOUND_SMTP_PORT": str(relay.port), "OUTBOUND_SMTP_TLS": "none"}
                async with _told(running, "outbound", key | route):
                    yield sink


@asynccontextmanager
async def _told(running: System, service: str, settings: dict[str, str]) -> AsyncIterator[None]:
    """Run a service with further settings, and afterwards without them again."""
    running.supervisor.arm(service, settings)
    await _restart(running, service)
    try:
        yield
    finally:
        await _restart(running, service)


async def _restart(running: System, service: str) -> None:
    os.kill(running.supervisor.pid(service), signal.SIGTERM)
    await running.supervisor.ended(service)
    await running.supervisor.wait_until_ready(60)


def _is_report(event: Any, reply: str) -> bool:
    data = event["data"]
    return (data.get("notificationType"), data.get("id")) == ("DeliveryReport", reply)


async def test_reports_of_postfix_are_told_and_ring_nobody(
    running: System, customers: SmtpSink, agent1: AgentClient
) -> None:
    async with CometdAgent(f"{running.gateway_url}/cometd", "agent1", "agent1") as agent:
        await agent.subscribe(TOPIC)
        await agent1.set_channel("Ready")
        await hand_in(customer_mail("Three readers"), running.addresses.smtp)
        inbound = (await hear(agent, "Invited"))["id"]
        await agent1.post(inbound, "Accept")
        await hear(agent, "Accepted", inbound)
        reply = (await agent1.post(inbound, "Reply", queueName="drafts"))["replyInteractionId"]
        await hear(agent, "ReplyCreated", reply)
        mail = {"text": "It is done.", "toAddress": f"{GONE}, {FULL}, {FINE}"}

        await agent1.post(reply, "Send", queueName="drafts", email_object=mail)
        async with asyncio.timeout(60):
            states: dict[str, str] = {}
            while "Bounced" not in states.get(GONE, "") or states.get(FULL) != "Bounced":
                told = (await agent.event(lambda event: _is_report(event, reply)))["data"]
                recipients = told["delivery"]["recipients"]
                states = {one["address"]: one["state"] for one in recipients}
        await agent1.post(inbound, "Complete")
        await hear(agent, "Completed", inbound)
        await hand_in(customer_mail("Somebody else"), running.addresses.smtp)
        offered = await hear(agent, "Invited")

        assert (told["state"], states[FINE]) == ("Sent", "Accepted")
        found = {one["address"]: one for one in recipients}
        assert (found[GONE]["status"], found[FULL]["status"]) == ("5.1.1", "4.2.2")
        assert not any("proven" in one for one in recipients)
        shown = (await agent1.get(f"/ucs/interactions/{reply}")).json()["delivery"]
        assert [one.rpartition("/")[2] for one in shown["reports"]] == [
            one.rpartition("/")[2] for one in told["delivery"]["reports"]
        ]
        child = (await agent1.get(f"/ucs/interactions/{shown['reports'][0].split('/')[-1]}")).json()
        assert (child["sub_type"], child["parent_id"]) == ("InboundNDR", reply)
        assert offered["email_object"]["subject"] == "Somebody else"
        assert [one.recipients for one in customers.kept] == [(FINE,)]
        await agent1.post(offered["id"], "Accept")
        await hear(agent, "Accepted", offered["id"])
        await agent1.post(offered["id"], "Complete")
        await hear(agent, "Completed", offered["id"])
        await agent1.set_channel("NotReady")
