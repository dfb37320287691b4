"""Services on machines whose clocks are minutes apart do the work as if they agreed."""

import asyncio
import signal

import httpx2 as httpx
import pytest

from deploy.local.agent_client import AgentClient, logged_in
from deploy.local.programs.faketime import wrong_clock
from tests.support.systems.breakable_system import BreakableSystem, new_run
from tests.support.systems.mail_senders import message_ids
from tests.support.waiting import until

pytestmark = [pytest.mark.connected, pytest.mark.faults]

CLOCKS = {"gateway": 90, "outbound": 90, "routing": -90}
"""Seconds. An invitation lasts 30, a lease of a delivery 3."""


async def restart(breakable: BreakableSystem, service: str, environment: dict[str, str]) -> None:
    breakable.system.supervisor.arm(service, environment)
    breakable.signal(service, signal.SIGTERM)
    await breakable.ended(service)


async def invited(agent: AgentClient, run: str) -> str:
    async with asyncio.timeout(60):
        while True:
            message = await agent.wait_for_state("Invited")
            if run in message["email_object"]["subject"]:
                return str(message["id"])


async def test_clocks_apart_lose_no_accept_and_doubt_no_delivery(
    breakable: BreakableSystem,
) -> None:
    run = new_run()
    for service, seconds in CLOCKS.items():
        await restart(breakable, service, {**wrong_clock(seconds), "CLOCK_SKEW": "600"})
    await breakable.system.supervisor.wait_until_ready(60)
    try:
        async with logged_in(breakable.system.gateway_url, "agent1", "agent1") as agent:
            await agent.post("/me/channels/email", {"operationName": "Ready"})
            senders = breakable.senders()
            await senders.hand_in(message_ids(run, 1))

            mail = f"/me/interactions/{await invited(agent, run)}"
            await agent.post(mail, {"operationName": "Accept"})
            await agent.wait_for_state("Accepted")
            answer = await agent.post(mail, {"operationName": "Reply", "queueName": "drafts"})
            await agent.wait_for_state("ReplyCreated")
            draft = f"/me/interactions/{answer['replyInteractionId']}"
            await agent.post(
                draft, {"operationName": "Send", "email_object": {"text": "It is done."}}
            )
            await agent.wait_for_state("Sent")
            await agent.post(mail, {"operationName": "Complete"})
            await agent.wait_for_state("Completed")
            await agent.post("/me/channels/email", {"operationName": "NotReady"})
    finally:
        for service in CLOCKS:
            await restart(breakable, service, {})
        await breakable.system.supervisor.wait_until_ready(60)


async def test_a_pod_too_far_off_is_not_ready_and_says_why(breakable: BreakableSystem) -> None:
    await restart(breakable, "attachments", wrong_clock(90))
    probe = f"http://127.0.0.1:{breakable.system.addresses.probes['attachments']}/ready"
    failing: list[str] = []

    async def names_its_clock() -> bool:
        async with httpx.AsyncClient() as client:
            try:
                failing[:] = (await client.get(probe)).json()["failing"]
            except httpx.TransportError:
                return False
        return failing == ["clock"]

    try:
        assert await until(names_its_clock, 60), failing
    finally:
        await restart(breakable, "attachments", {})
        await breakable.system.supervisor.wait_until_ready(60)
