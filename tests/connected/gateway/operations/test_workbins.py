"""The resource /me/workbins, and what is told of workbins over CometD."""

import secrets
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2
import pytest

from services.gateway.operations.parameters.workbin_ids import old_id_of, uuid_of
from shared.contracts.contact_center import Workbin
from shared.contracts.events import WorkbinItemAdded, WorkbinItemRemoved
from shared.domain.interaction import Interaction, Place
from shared.domain.lifecycle import State
from tests.cometd_client.client import CometdAgent
from tests.fixtures.broker import Broker
from tests.support.backend import CENTER, open_backend
from tests.support.gateway import Gateway, failure, running_gateway
from tests.support.rest import ask

pytestmark = pytest.mark.connected

OWN = Place("email.draft", "agent1")
SHARED = Place("team", "support", of_group=True)
WITH_WORKBINS = CENTER.model_copy(
    update={"workbins": (Workbin(name="email.draft"), Workbin(name="team", owner="queue"))}
)


@pytest.fixture(autouse=True)
async def _workbins(gateway: Gateway) -> None:
    await gateway.describe(WITH_WORKBINS)


async def kept(gateway: Gateway, place: Place) -> Interaction:
    return await gateway.store(state=State.IN_WORKBIN, place=place, version=4)


async def listening(
    gateway: Gateway, stack: AsyncExitStack, topic: str, user: str = "agent1"
) -> CometdAgent:
    agent = await stack.enter_async_context(CometdAgent(f"{gateway.url}/cometd", user, user))
    assert (await agent.subscribe(topic))["successful"]
    return agent


async def answer_to(client: httpx2.AsyncClient, path: str, name: str, **body: Any) -> Any:
    """Return the body of the answer to an operation."""
    return (await ask(client, path, name, **body)).json()


@pytest.mark.parametrize("query", ["", "?fields=*"])
async def test_an_agents_workbins_are_listed_for_readers_of_both_releases(
    agent1: httpx2.AsyncClient, query: str
) -> None:
    body = (await agent1.get(f"/api/v2/me/workbins{query}")).json()

    assert (body["statusCode"], body["status"]) == (0, 0)
    assert [one["workbinName"] for one in body["workbins"]] == ["email.draft", "team", "team"]
    assert body["workbins"][0] == {
        "workbinId": "ZW1haWwuZHJhZnQvUHJpdmF0ZVZpZXc=",
        "active": True,
        "workbinName": "email.draft",
        "viewName": "email.draft/PrivateView",
        "workbinType": 1,
        "id": uuid_of(OWN),
        "displayName": "email.draft",
        "uri": f"{agent1.base_url}/api/v2/me/workbins/{uuid_of(OWN)}",
        "type": "Agent",
    }
    assert [one.get("agentGroup") for one in body["workbins"]] == [None, "support", "sales"]


@pytest.mark.parametrize("identifier", [SHARED.workbin, old_id_of(SHARED), uuid_of(SHARED)])
async def test_a_workbin_shows_what_is_in_it(
    gateway: Gateway, agent1: httpx2.AsyncClient, identifier: str
) -> None:
    mail = await kept(gateway, SHARED)
    await kept(gateway, Place("team", "sales", of_group=True))

    path = f"/api/v2/me/workbins/{quote(identifier, safe='')}?agentGroup=support"
    body = (await agent1.get(path)).json()

    assert [one["id"] for one in body["interactions"]] == [mail.id]
    assert body["interactions"][0]["state"] == "InWorkbin"
    assert body["interactions"][0]["capabilities"] == ["PullInteraction"]


async def test_the_workbin_of_somebody_else_reveals_nothing(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    foreign = Place("email.draft", "agent2")
    await kept(gateway, foreign)

    answer = await agent1.get(f"/api/v2/me/workbins/{uuid_of(foreign)}")

    assert answer.status_code == 404
    assert failure(6, answer.json())


async def test_mail_is_put_in_and_taken_out_through_the_workbin(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail, inside = await gateway.accepted(), await kept(gateway, OWN)

    for name, item in (("AddInteraction", mail), ("PullInteraction", inside)):
        assert (await answer_to(agent1, "/me/workbins/email.draft", name, id=item.id))[
            "status"
        ] == "ok"

    commands = [(await gateway.command())["address"] for _ in range(2)]
    assert commands == ["routing.place-in-workbin.v1", "routing.pull-interaction.v1"]


@pytest.mark.parametrize(
    ("name", "body", "status_code"),
    [
        ("AddInteraction", {}, 1),
        ("PullInteraction", {"id": "0000000000000000"}, 6),
        ("Dance", {}, 3),
        ("SubscribeWorkbinEvents", {}, 0),
    ],
)
async def test_other_operations_on_a_workbin_are_answered_with(
    agent1: httpx2.AsyncClient, name: str, body: dict[str, str], status_code: int
) -> None:
    assert (await answer_to(agent1, "/me/workbins/email.draft", name, **body))[
        "statusCode"
    ] == status_code


async def test_changes_of_a_groups_workbin_are_told_to_the_group_only(gateway: Gateway) -> None:
    await gateway.add_agent("stranger", queues=["sales"])
    async with AsyncExitStack() as stack:
        agent = await listening(gateway, stack, "/v2/me/workbins")
        stranger = await listening(gateway, stack, "/me/workbins/", "stranger")
        mail = await kept(gateway, SHARED)

        await gateway.announce(WorkbinItemAdded.at(mail, SHARED))
        await gateway.announce(WorkbinItemRemoved.at(mail, SHARED))
        other = await kept(gateway, Place("email.draft", "stranger"))
        await gateway.announce(WorkbinItemAdded.at(other, Place("email.draft", "stranger")))

        added, removed = [(await agent.event())["data"] for _ in range(2)]
        own = (await stranger.event())["data"]
    assert (added["action"], removed["action"]) == ("ItemAdded", "ItemRemoved")
    assert added["messageType"] == "WorkbinStateChangeMessage"
    assert (added["id"], added["agentGroup"]) == (uuid_of(SHARED), "support")
    assert (added["interactionId"], added["interaction"]["state"]) == (mail.id, "InWorkbin")
    assert own["interactionId"] == other.id


async def test_oddity_14_the_content_comes_as_one_message_on_the_topic_of_interactions(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mails = [await kept(gateway, OWN) for _ in range(2)]
    async with AsyncExitStack() as stack:
        agent = await listening(gateway, stack, "/v2/me/interactions")

        await answer_to(agent1, "/me/interactions/0", "GetWorkbinContent", workbin="email.draft")

        message = (await agent.event())["data"]
    assert message["messageTypeName"] == "WorkbinContentMessage"
    assert {one["id"] for one in message["interactions"]} == {one.id for one in mails}
    assert all(
        one["messageTypeName"] == "InteractionStateMessage" for one in message["interactions"]
    )


@pytest.mark.parametrize("frame", ["array", "each"])
async def test_oddity_14_by_setting_the_content_comes_in_the_literal_forms(
    broker: Broker, mongodb_url: str, frame: str
) -> None:
    name = f"test_{secrets.token_hex(6)}"
    database_url = urlsplit(mongodb_url)._replace(path=f"/{name}").geturl()
    async with AsyncExitStack() as stack:
        url = stack.enter_context(broker.virtual_host())
        backend = await stack.enter_async_context(open_backend(url, database_url))
        gateway = await stack.enter_async_context(
            running_gateway(backend, url, database_url, workbin_content=frame)
        )
        await gateway.describe(WITH_WORKBINS)
        await gateway.add_agent("agent1")
        mail = await kept(gateway, OWN)
        agent = await listening(gateway, stack, "/v2/me/interactions")
        client = await gateway.client("agent1")

        await answer_to(client, "/me/interactions", "GetWorkbinContent", workbin="email.draft")

        payload = (await agent.event())["data"]
        await backend.database.client.drop_database(name)
    assert (payload[0] if frame == "array" else payload)["id"] == mail.id
