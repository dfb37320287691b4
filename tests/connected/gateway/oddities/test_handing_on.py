"""Rows about work that goes to somebody else: transfers, redirects, drafts that are queued."""

from typing import Any

import httpx2
import pytest

from tests.connected.gateway.oddities.asking import OK
from tests.support.gateway import Gateway, failure
from tests.support.rest import ask

pytestmark = pytest.mark.connected


@pytest.mark.parametrize("name", ["Transfer", "SingleStepTransfer"])
async def test_oddity_04_a_transfer_goes_by_both_names(
    gateway: Gateway, agent1: httpx2.AsyncClient, name: str
) -> None:
    mail = await gateway.accepted()

    answer = await ask(agent1, f"/me/interactions/{mail.id}", name, userId="agent2")

    assert answer.text == '{"statusCode":0,"status":"ok"}'
    assert (await gateway.command())["to_agent_id"] == "agent2"


async def test_oddity_05_a_draft_is_transferred_without_the_capability_being_advertised(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    draft = await gateway.drafted()

    answer = await ask(agent1, f"/me/interactions/{draft.id}", "Transfer", userId="agent2")

    assert answer.status_code == 200
    seen = (await agent1.get(f"/api/v2/me/interactions/{draft.id}")).json()["interaction"]
    assert "Transfer" not in seen["capabilities"]
    assert "Transfer" in seen["extendedCapabilities"]


@pytest.mark.parametrize(
    ("target", "command"),
    [
        ({"userId": "agent2"}, ("agent2", "", "")),
        ({"userUri": "http://host/api/v2/users/agent2"}, ("agent2", "", "")),
        ({"userUri": "/users/agent2"}, ("agent2", "", "")),
        ({"userName": "agent2"}, ("agent2", "", "")),
        ({"queueName": "sales"}, ("", "sales", "")),
        ({"agentGroup": "sales"}, ("", "sales", "")),
        ({"skill": "german"}, ("", "", "german")),
    ],
)
async def test_oddity_06_a_transfer_has_exactly_one_target(
    gateway: Gateway,
    agent1: httpx2.AsyncClient,
    target: dict[str, Any],
    command: tuple[str, str, str],
) -> None:
    await gateway.add_agent("speaker", skills={"german": 4})
    mail = await gateway.accepted()

    answer = await ask(agent1, f"/me/interactions/{mail.id}", "Transfer", **target)

    assert answer.status_code == 200
    given = await gateway.command()
    assert (given["to_agent_id"], given["to_queue"], given["to_skill"]) == command


@pytest.mark.parametrize(
    ("target", "status_code"),
    [
        ({}, 1),
        ({"userId": "agent2", "queueName": "sales"}, 10),
        ({"userId": "agent2", "userName": "agent2"}, 10),
        ({"skill": "klingon"}, 6),
        ({"skill": "$where"}, 6),
        ({"queueName": "nowhere"}, 6),
        ({"userUri": "/users/nobody"}, 6),
    ],
)
async def test_oddity_06_any_other_target_is_refused(
    gateway: Gateway, agent1: httpx2.AsyncClient, target: dict[str, Any], status_code: int
) -> None:
    mail = await gateway.accepted()

    answer = await ask(agent1, f"/me/interactions/{mail.id}", "Transfer", **target)

    assert failure(status_code, answer.json())
    assert await gateway.unchanged(mail)


async def test_oddity_32_a_redirect_is_offered_beyond_the_seeds(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail = await gateway.accepted()

    answer = await ask(
        agent1, f"/me/interactions/{mail.id}", "Redirect", toAddress="bob@example.org"
    )

    assert answer.json()["statusCode"] == 0
    command = await gateway.command()
    assert command["redirect_id"] == answer.json()["interactionId"]
    assert command["to"] == [{"address": "bob@example.org", "personal": ""}]


async def test_oddity_33_a_draft_is_queued_without_the_capability_being_advertised(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    draft = await gateway.drafted()

    answer = await ask(agent1, f"/me/interactions/{draft.id}", "PlaceInQueue", queueName="sales")

    assert answer.json() == OK
    assert (await gateway.command())["queue"] == "sales"
