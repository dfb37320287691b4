"""An outage of the broker makes no agent NotReady, and mail is offered when it is over."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from deploy.local.agent_client import AgentClient, logged_in
from deploy.local.servers.accounts import Access
from deploy.local.servers.mongodb import LocalMongoDB
from deploy.local.servers.rabbitmq import LocalRabbitMQ
from tests.support.systems.breakable_system import (
    BreakableStack,
    BreakableSystem,
    new_run,
    open_breakable_system,
)
from tests.support.systems.mail_senders import message_ids
from tests.support.waiting import until

pytestmark = [pytest.mark.connected, pytest.mark.faults, pytest.mark.timeout(240)]

INVITATION_SECONDS = "4"


@pytest.fixture
async def stack(
    private_rabbitmq: LocalRabbitMQ,
    private_mongodb: LocalMongoDB,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[BreakableStack]:
    """A system whose invitations are short, on a broker that may be killed."""
    monkeypatch.setenv("ROUTING_INVITATION", INVITATION_SECONDS)
    monkeypatch.setenv("ROUTING_MISSES", "1")
    folder = tmp_path_factory.mktemp("outage")
    one_for_all = Access(private_rabbitmq.url, private_mongodb.url)
    async with open_breakable_system(one_for_all, folder) as opened:
        yield BreakableStack(opened, private_rabbitmq, private_mongodb, one_for_all)


async def invited(agent: AgentClient, run: str) -> str:
    async with asyncio.timeout(60):
        while True:
            message = await agent.wait_for_state("Invited")
            if run in message["email_object"]["subject"]:
                return str(message["id"])


async def state_of(breakable: BreakableSystem, interaction_id: str) -> str:
    document = await breakable.database["interactions"].find_one({"_id": interaction_id})
    return str((document or {})["state"])


async def test_offer_lost_in_our_outage_is_no_miss_and_made_again(
    stack: BreakableStack,
) -> None:
    breakable, run = stack.breakable, new_run()
    async with logged_in(breakable.system.gateway_url, "agent1", "agent1") as agent:
        await agent.post("/me/channels/email", {"operationName": "Ready"})
        await breakable.senders().hand_in(message_ids(run, 1))
        mail = await invited(agent, run)

        await asyncio.to_thread(stack.rabbitmq.kill)
        refused = await agent.ask(f"/me/interactions/{mail}", {"operationName": "Accept"})

        async def is_taken_back() -> bool:
            return await state_of(breakable, mail) == "queued"

        assert await until(is_taken_back, 40)
        await asyncio.to_thread(stack.rabbitmq.start)

        again = await invited(agent, run)
        await agent.post(f"/me/interactions/{mail}", {"operationName": "Accept"})
        await agent.wait_for_state("Accepted")

    stored = await breakable.database["agents"].find_one({"user_name": "agent1"})
    assert refused.status_code == 503
    assert again == mail
    assert stored is not None
    assert stored["ready"]
