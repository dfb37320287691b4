"""Services on machines whose clocks are minutes apart do the work as if they agreed."""

import asyncio
import signal

import httpx2 as httpx
import pytest

from deploy.local.desktop import Desktop, logged_in
from deploy.local.faketime import wrong_clock
from tests.faults.house import House, new_run, until
from tests.faults.senders import message_ids

pytestmark = [pytest.mark.connected, pytest.mark.faults]

CLOCKS = {"gateway": 90, "outbound": 90, "routing": -90}
"""Seconds. An invitation lasts 30, a lease of a delivery 3."""


async def restart(house: House, service: str, environment: dict[str, str]) -> None:
    house.system.supervisor.arm(service, environment)
    house.signal(service, signal.SIGTERM)
    await house.ended(service)


async def invited(desktop: Desktop, run: str) -> str:
    async with asyncio.timeout(60):
        while True:
            message = await desktop.hear("Invited")
            if run in message["email_object"]["subject"]:
                return str(message["id"])


async def test_clocks_minutes_apart_lose_no_accept_and_doubt_no_delivery(house: House) -> None:
    run = new_run()
    for service, seconds in CLOCKS.items():
        await restart(house, service, {**wrong_clock(seconds), "CLOCK_SKEW": "600"})
    await house.system.supervisor.wait_until_ready(60)
    try:
        async with logged_in(house.system.gateway_url, "agent1", "agent1") as desktop:
            await desktop.post("/me/channels/email", {"operationName": "Ready"})
            senders = house.senders()
            await senders.hand_in(message_ids(run, 1))

            mail = f"/me/interactions/{await invited(desktop, run)}"
            await desktop.post(mail, {"operationName": "Accept"})
            await desktop.hear("Accepted")
            answer = await desktop.post(mail, {"operationName": "Reply", "queueName": "drafts"})
            await desktop.hear("ReplyCreated")
            draft = f"/me/interactions/{answer['replyInteractionId']}"
            await desktop.post(
                draft, {"operationName": "Send", "email_object": {"text": "It is done."}}
            )
            await desktop.hear("Sent")
            await desktop.post(mail, {"operationName": "Complete"})
            await desktop.hear("Completed")
            await desktop.post("/me/channels/email", {"operationName": "NotReady"})
    finally:
        for service in CLOCKS:
            await restart(house, service, {})
        await house.system.supervisor.wait_until_ready(60)


async def test_a_pod_too_far_off_is_not_ready_and_says_why(house: House) -> None:
    await restart(house, "attachments", wrong_clock(90))
    probe = f"http://127.0.0.1:{house.system.addresses.probes['attachments']}/ready"
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
        await restart(house, "attachments", {})
        await house.system.supervisor.wait_until_ready(60)
