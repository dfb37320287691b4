"""Two agents: an unanswered offer is taken back, and of many answers one counts."""

import asyncio
from collections import Counter

import pytest

from deploy.local.stack.system import System
from tests.cometd_client import CometdAgent
from tests.journeys.listening import TOPIC, hear, two_sessions
from tests.support.clients import AgentClient, customer_mail, hand_in

pytestmark = [pytest.mark.connected, pytest.mark.journey]


async def test_unanswered_offer_is_revoked_and_made_to_the_other(
    running: System, agent1: AgentClient, agent2: AgentClient
) -> None:
    async with two_sessions(running) as (first, second):
        await agent1.set_channel("Ready")
        await hand_in(customer_mail("Nobody answers"), running.addresses.smtp)
        invited = await hear(first, "Invited")
        await agent2.set_channel("Ready")

        revoked = await hear(first, "Revoked")
        passed_on = await hear(second, "Invited")

        assert revoked["id"] == passed_on["id"] == invited["id"]
        assert revoked["capabilities"] == []
        late = await agent1.client.post(
            f"/api/v2/me/interactions/{invited['id']}", json={"operationName": "Accept"}
        )
        assert late.status_code in (403, 409)
        await agent2.post(invited["id"], "Accept")
        await hear(second, "Accepted", invited["id"])
        await agent2.post(invited["id"], "Complete")
        await agent1.set_channel("NotReady")
        await agent2.set_channel("NotReady")


async def test_fifty_accepts_at_once_have_one_winner(
    running: System, agent1: AgentClient, agent2: AgentClient
) -> None:
    async with CometdAgent(f"{running.gateway_url}/cometd", "agent1", "agent1") as cometd_agent:
        await cometd_agent.subscribe(TOPIC)
        await agent1.set_channel("Ready")
        await hand_in(customer_mail("Fifty"), running.addresses.smtp)
        path = f"/api/v2/me/interactions/{(await hear(cometd_agent, 'Invited'))['id']}"

        answers = await asyncio.gather(
            *(
                agent.client.post(path, json={"operationName": "Accept"})
                for agent in [agent1] * 25 + [agent2] * 25
            )
        )

        accepted = await hear(cometd_agent, "Accepted")
        by_agent2 = Counter(answer.status_code for answer in answers[25:])
        assert set(by_agent2) <= {403, 409}
        owner = (await agent1.get(f"/interactions/{accepted['id']}")).json()["interaction"]
        assert owner["state"] == "Accepted"
        await agent1.post(accepted["id"], "Complete")
        completed = await hear(cometd_agent, "Completed", accepted["id"])
        # One invitation, one acceptance, one completion: no other Accept changed anything.
        assert completed["sequence"] == accepted["sequence"] + 1
        await agent1.set_channel("NotReady")
