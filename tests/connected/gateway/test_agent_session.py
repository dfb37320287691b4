"""The agent's session and channel: logged in or out, Ready, NotReady and why."""

from contextlib import AsyncExitStack
from typing import Any

import httpx2
import pytest

from shared.contracts.contact_center import AgentState
from shared.contracts.events import AgentNotReady, AgentReady
from tests.cometd_client.client import CometdAgent
from tests.support.backend import CENTER
from tests.support.gateway import Gateway, failure
from tests.support.rest import ask

pytestmark = pytest.mark.connected

READY = "9430250E-0A1B-421F-B372-F29E69366DED"
NOT_READY = "900D55CC-2BB0-431F-8BF9-D3525B383BE6"


async def state(client: httpx2.AsyncClient) -> dict[str, str]:
    read = (await client.get("/api/v2/me/channels?fields=*")).json()
    found: dict[str, str] = read["channels"][0]["userState"]
    return found


@pytest.mark.parametrize("path", ["/me", "/me/channels/email"])
async def test_readiness_is_set_for_one_channel_and_for_all(
    agent1: httpx2.AsyncClient, path: str
) -> None:
    assert (await ask(agent1, path, "Ready")).json() == {"status": "ok", "statusCode": 0}
    ready = await state(agent1)
    await ask(agent1, path, "NotReady")

    assert ready == {"id": READY, "displayName": "Ready", "state": "Ready"}
    assert await state(agent1) == {
        "id": NOT_READY,
        "displayName": "Not Ready",
        "state": "NotReady",
    }


async def test_ready_tells_routing_the_queues_of_the_agent(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    await ask(agent1, "/me/channels/email", "Ready")

    event = await gateway.backend.next_event(AgentReady)
    assert (event.agent_id, event.queues) == ("agent1", ("support", "sales"))


@pytest.mark.parametrize(
    ("name", "display_name"),
    [
        ("OutToLunch", "Out To Lunch"),
        ("AfterCallWork", "After Call Work"),
        ("Training", "In training"),
    ],
)
async def test_reason_for_not_being_ready_is_kept_and_shown(
    gateway: Gateway, agent1: httpx2.AsyncClient, name: str, display_name: str
) -> None:
    own = AgentState(name="Training", display_name="In training")
    await gateway.describe(CENTER.model_copy(update={"agent_states": (own,)}))

    assert (await ask(agent1, "/me/channels/email", name)).status_code == 200

    found = await state(agent1)
    assert (found["state"], found["reason"], found["displayName"]) == (
        "NotReady",
        name,
        display_name,
    )
    agent = await gateway.backend.agents.get("agent1")
    assert agent is not None
    assert not agent.ready


async def test_agent_states_are_listed(agent1: httpx2.AsyncClient) -> None:
    listed = (await agent1.get("/api/v2/settings/agent-states")).json()

    assert [one["operationName"] for one in listed["agentStates"]] == [
        "Ready",
        "NotReady",
        "OutToLunch",
        "AfterCallWork",
    ]
    assert [one["id"] for one in listed["agentStates"]][:2] == [READY, NOT_READY]


async def test_unknown_state_is_refused(agent1: httpx2.AsyncClient) -> None:
    answer = await ask(agent1, "/me/channels/email", "Dancing")

    assert answer.status_code == 400
    assert failure(3, answer.json())


async def test_unknown_channel_is_not_found(agent1: httpx2.AsyncClient) -> None:
    answer = await ask(agent1, "/me/channels/voice", "Ready")

    assert answer.status_code == 404
    assert failure(6, answer.json())


@pytest.mark.parametrize(
    ("channels", "status_code"),
    [(None, 0), (["email"], 0), (["email", "voice"], 7), (["voice"], 6), ("email", 10)],
)
async def test_login_answers_with_the_outcome_of_each_channel(
    agent1: httpx2.AsyncClient, channels: Any, status_code: int
) -> None:
    body = {} if channels is None else {"channels": channels}

    answer = (await ask(agent1, "/me", "StartContactCenterSession", **body)).json()

    assert answer["statusCode"] == status_code
    if status_code == 7:
        assert answer["channels"] == [
            {"channel": "email", "statusCode": 0},
            {"channel": "voice", "statusCode": 6},
        ]


async def test_logout_is_announced_and_shown(gateway: Gateway, agent1: httpx2.AsyncClient) -> None:
    await ask(agent1, "/me", "EndContactCenterSession")

    event = await gateway.backend.next_event(AgentNotReady)
    assert (event.agent_id, event.logged_out) == ("agent1", True)
    assert (await state(agent1))["state"] == "LoggedOut"


async def test_each_state_is_published_on_the_channels_topic(gateway: Gateway) -> None:
    async with AsyncExitStack() as stack:
        listener = CometdAgent(f"{gateway.url}/cometd", "agent1", "agent1")
        await stack.enter_async_context(listener)
        await listener.subscribe("/v2/me/channels")

        await gateway.announce(AgentReady(agent_id="agent1"))
        await gateway.announce(AgentNotReady(agent_id="agent1", reason="OutToLunch"))
        await gateway.announce(AgentNotReady(agent_id="agent1", logged_out=True))

        told = [(await listener.event())["data"] for _ in range(3)]
    states = [one["channels"][0]["userState"] for one in told]
    assert [one["state"] for one in states] == ["Ready", "NotReady", "LoggedOut"]
    assert states[0]["id"] == READY
    assert states[1]["reason"] == "OutToLunch"


async def test_agent_with_a_client_is_noted_as_connected(gateway: Gateway) -> None:
    async with CometdAgent(f"{gateway.url}/cometd", "agent2", "agent2") as listener:
        await listener.subscribe("/v2/me/interactions")

        document = await gateway.backend.newest("agents", "agent2")
    assert document["connected_at"] == gateway.backend.clock.now()
