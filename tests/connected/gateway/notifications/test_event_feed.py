"""Events reach agents over CometD, read by the official client."""

import asyncio
import json
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from shared.contracts.events import (
    AgentInvited,
    AgentReady,
    InteractionCompleted,
    InvitationAccepted,
    InvitationRevoked,
    OperationRefused,
)
from shared.contracts.outgoing import wrap
from tests.cometd_client.client import CometdAgent
from tests.fixtures.broker import Broker
from tests.support.backend import cause
from tests.support.gateway import Gateway

pytestmark = pytest.mark.connected

TOPIC = "/v2/me/interactions"


async def listening(
    gateway: Gateway, stack: AsyncExitStack, *topics: str, user: str = "agent1", **options: Any
) -> CometdAgent:
    agent = CometdAgent(f"{gateway.url}/cometd", user, user, **options)
    await stack.enter_async_context(agent)
    for topic in topics or (TOPIC,):
        assert (await agent.subscribe(topic))["successful"]
    return agent


async def next_state(agent: CometdAgent) -> tuple[str, str, int]:
    event = (await agent.event())["data"]
    return event["id"], event["state"], event["sequence"]


@pytest.mark.parametrize("transport", ["long-polling", "websocket"])
async def test_events_arrive_in_order_and_once(gateway: Gateway, transport: Any) -> None:
    async with AsyncExitStack() as stack:
        agent = await listening(gateway, stack, transport=transport)
        mail = await gateway.accepted()
        accepted = wrap(InvitationAccepted.of(mail, "agent1"), cause(), gateway.backend.clock.now())

        await gateway.announce(AgentInvited.of(mail, "agent1"))
        await gateway.backend.publisher.publish(accepted)
        await gateway.backend.publisher.publish(accepted)
        await gateway.announce(InteractionCompleted.of(mail, "agent1"))

        told = [await next_state(agent) for _ in range(3)]
    assert told == [(mail.id, state, 3) for state in ("Invited", "Accepted", "Completed")]


async def test_accepted_mail_is_shown_with_its_text(gateway: Gateway) -> None:
    async with AsyncExitStack() as stack:
        agent = await listening(gateway, stack, "/me/interactions/")
        mail = await gateway.accepted()

        await gateway.announce(InvitationAccepted.of(mail, "agent1"))

        event = await agent.event()
    assert event["channel"] == "/me/interactions/"
    assert event["data"]["email_object"]["Text"] == "Hello\nbye"
    assert event["data"]["capabilities"] == [
        "Transfer",
        "Reply",
        "ReplyAll",
        "StopProcessing",
        "PlaceInQueue",
        "PlaceInWorkbin",
        "UpdateProperties",
    ]


async def test_event_reaches_no_other_agent(gateway: Gateway) -> None:
    async with AsyncExitStack() as stack:
        other = await listening(gateway, stack, user="agent2")
        mail = await gateway.accepted()

        await gateway.announce(InvitationAccepted.of(mail, "agent1"))
        await gateway.announce(InvitationRevoked.of(mail, "agent2"))

        assert (await next_state(other))[1] == "Revoked"


async def test_new_subscriber_gets_open_invitations_again(gateway: Gateway) -> None:
    mail = await gateway.offered()
    await gateway.accepted()
    async with AsyncExitStack() as stack:
        agent = await listening(gateway, stack)

        assert await next_state(agent) == (mail.id, "Invited", 2)
        await gateway.announce(InvitationRevoked.of(mail, "agent1"))
        assert (await next_state(agent))[1] == "Revoked"


async def test_readiness_is_published_on_the_channels_topic(gateway: Gateway) -> None:
    async with AsyncExitStack() as stack:
        agent = await listening(gateway, stack, "/v2/me/channels")

        await gateway.announce(AgentReady(agent_id="agent1"))

        message = (await agent.event())["data"]
    assert message["messageType"] == "ChannelStateChangeMessageV2"
    assert message["channels"][0]["userState"]["state"] == "Ready"


async def test_refused_operation_of_a_non_holder_says_not_held(gateway: Gateway) -> None:
    async with AsyncExitStack() as stack:
        agent = await listening(gateway, stack)
        mail = await gateway.accepted("agent2")
        refused = OperationRefused(
            agent_id="agent1",
            interaction_id=mail.id,
            version=0,
            operation="accept-invitation",
            reason="too late",
        )

        await gateway.announce(refused)

        message = (await agent.event())["data"]
    assert (message["state"], message["capabilities"], message["sequence"]) == ("NotHeld", [], 3)
    assert (message["notificationType"], message["errorDescription"]) == ("Error", "too late")
    assert message["operationName"] == "Accept"
    assert "Text" not in message["email_object"]


async def test_refused_operation_shows_the_holder_the_state(gateway: Gateway) -> None:
    async with AsyncExitStack() as stack:
        agent = await listening(gateway, stack)
        mail = await gateway.accepted("agent1")
        refused = OperationRefused.of(
            mail,
            "agent1",
            operation="accept-invitation",
            asked_as="Accept",
            reason="accept is not possible in state accepted",
            kind="wrong-state",
            state="accepted",
        )

        await gateway.announce(refused)

        message = (await agent.event())["data"]
    assert message["state"] == "Accepted"
    assert "Reply" in message["capabilities"]
    assert message["reason"] == message["errorDescription"]
    assert message["reason"] == "Accept is not possible in state Accepted"


async def test_events_of_a_broker_outage_are_published_afterwards(
    gateway: Gateway, broker: Broker
) -> None:
    mail = await gateway.accepted()
    async with AsyncExitStack() as stack:
        agent = await listening(gateway, stack)
        await gateway.announce(AgentInvited.of(mail, "agent1"))
        before = await agent.event()

        await cut_events_connections(broker, gateway)
        await gateway.announce(InvitationAccepted.of(mail, "agent1"))
        await gateway.announce(InteractionCompleted.of(mail, "agent1"))

        told = [await agent.event() for _ in range(2)]
    assert [one["data"]["state"] for one in told] == ["Accepted", "Completed"]
    position = before["data"]["position"]
    assert [one["data"]["position"] for one in told] == [position + 1, position + 2]


async def cut_events_connections(broker: Broker, gateway: Gateway) -> None:
    """Have the broker close the connection on which the gateway hears."""
    host = urlsplit(gateway.broker_url).path.removeprefix("/")
    named: list[str] = []
    async with asyncio.timeout(20):
        # The management's list is some seconds behind.
        while not named:
            path = f"/api/vhosts/{host}/connections"
            connections = json.loads(await asyncio.to_thread(broker.call, "GET", path))
            named = [
                one["name"]
                for one in connections
                if one["client_properties"].get("connection_name") == "gateway events"
            ]
    for name in named:
        broker.call("DELETE", f"/api/connections/{quote(name, safe='')}")
