"""An outage of the broker makes no agent NotReady, and mail is offered when it is over."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from deploy.local.accounts import Access
from deploy.local.desktop import Desktop, logged_in
from deploy.local.mongodb import LocalMongoDB
from deploy.local.rabbitmq import LocalRabbitMQ
from tests.faults.conftest import Siege
from tests.faults.house import House, new_run, open_house, until
from tests.faults.senders import message_ids

pytestmark = [pytest.mark.connected, pytest.mark.faults, pytest.mark.timeout(240)]

INVITATION_SECONDS = "4"


@pytest.fixture
async def siege(
    private_rabbitmq: LocalRabbitMQ,
    private_mongodb: LocalMongoDB,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Siege]:
    """A system whose invitations are short, on a broker that may be killed."""
    monkeypatch.setenv("ROUTING_INVITATION", INVITATION_SECONDS)
    monkeypatch.setenv("ROUTING_MISSES", "1")
    folder = tmp_path_factory.mktemp("outage")
    one_for_all = Access(private_rabbitmq.url, private_mongodb.url)
    async with open_house(one_for_all, folder) as opened:
        yield Siege(opened, private_rabbitmq, private_mongodb)


async def invited(desktop: Desktop, run: str) -> str:
    async with asyncio.timeout(60):
        while True:
            message = await desktop.hear("Invited")
            if run in message["email_object"]["subject"]:
                return str(message["id"])


async def state_of(house: House, interaction_id: str) -> str:
    document = await house.database["interactions"].find_one({"_id": interaction_id})
    return str((document or {})["state"])


async def test_an_offer_lost_in_our_outage_is_no_miss_and_is_made_again(siege: Siege) -> None:
    house, run = siege.house, new_run()
    async with logged_in(house.system.gateway_url, "agent1", "agent1") as desktop:
        await desktop.post("/me/channels/email", {"operationName": "Ready"})
        await house.senders().hand_in(message_ids(run, 1))
        mail = await invited(desktop, run)

        await asyncio.to_thread(siege.rabbitmq.kill)
        refused = await desktop.ask(f"/me/interactions/{mail}", {"operationName": "Accept"})

        async def is_taken_back() -> bool:
            return await state_of(house, mail) == "queued"

        assert await until(is_taken_back, 40)
        await asyncio.to_thread(siege.rabbitmq.start)

        again = await invited(desktop, run)
        await desktop.post(f"/me/interactions/{mail}", {"operationName": "Accept"})
        await desktop.hear("Accepted")

    agent = await house.database["agents"].find_one({"user_name": "agent1"})
    assert refused.status_code == 503
    assert again == mail
    assert agent is not None
    assert agent["ready"]
