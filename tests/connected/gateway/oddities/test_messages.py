"""Rows about messages over CometD, read by the official client."""

import json
from contextlib import AsyncExitStack
from typing import Any

import httpx2
import pytest

from shared.contracts.events import (
    AgentInvited,
    InvitationAccepted,
    InvitationRevoked,
    ReplyCreated,
)
from shared.domain.interaction import Interaction
from tests.connected.gateway.oddities.asking import TOPIC, listening, seen
from tests.support.backend import Backend
from tests.support.gateway import Gateway, running_gateway

pytestmark = pytest.mark.connected

SPELLINGS = [
    "/v2/me/interactions",
    "/v2/me/interactions/",
    "/me/interactions",
    "/me/interactions/",
]


async def told(gateway: Gateway, mail: Interaction, *topics: str) -> Any:
    """Return the event by which agent1 hears that a mail was accepted."""
    async with AsyncExitStack() as stack:
        agent = await listening(gateway, stack, *topics)
        await gateway.announce(InvitationAccepted.of(mail, "agent1"))
        return await agent.event()


async def test_oddity_24_a_message_names_its_type_under_both_names(gateway: Gateway) -> None:
    message = (await told(gateway, await gateway.accepted()))["data"]

    assert message["messageTypeName"] == message["messageType"] == "InteractionStateMessage"


async def test_oddity_25_a_message_is_flat(gateway: Gateway) -> None:
    message = (await told(gateway, await gateway.accepted()))["data"]

    assert message["state"] == "Accepted"
    assert "interaction" not in message


async def test_oddity_25_a_setting_repeats_it_inside_itself(
    backend: Backend, vhost_url: str, database_url: str
) -> None:
    options = {"nested_interaction": "true"}
    async with running_gateway(backend, vhost_url, database_url, **options) as gateway:
        await gateway.add_agent("agent1")
        message = (await told(gateway, await gateway.accepted()))["data"]

    inner = message.pop("interaction")
    assert inner == message
    assert inner["state"] == "Accepted"


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_oddity_26_who_subscribes_hears_on_the_spelling_of_its_own(
    gateway: Gateway, spelling: str
) -> None:
    event = await told(gateway, await gateway.accepted(), spelling)

    assert event["channel"] == spelling


@pytest.mark.parametrize("event", [AgentInvited, InvitationRevoked, InvitationAccepted])
async def test_oddity_27_every_message_names_the_mail_inside_as_well(
    gateway: Gateway, event: Any
) -> None:
    async with AsyncExitStack() as stack:
        agent = await listening(gateway, stack)
        mail = await gateway.accepted()

        await gateway.announce(event.of(mail, "agent1"))

        message = (await agent.event())["data"]
    assert message["email_object"]["interactionId"] == message["id"] == mail.id


async def test_oddity_28_a_message_keeps_what_other_languages_would_break(
    gateway: Gateway,
) -> None:
    odd = 'typographic “quotes”, a "plain" one and \\'

    message = (await told(gateway, await gateway.accepted(user_data={"note": odd})))["data"]

    assert message["userData"] == {"note": odd}
    assert json.loads(json.dumps(message, allow_nan=False)) == message


async def test_oddity_29_a_draft_was_received_when_it_was_begun(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    draft = await gateway.drafted()

    moment = (await seen(agent1, draft.id))["receivedAt"]

    begun = draft.received_at
    assert moment == f"{begun:%Y-%m-%dT%H:%M:%S}.{begun.microsecond // 1000:03d}Z"


async def test_oddity_22_the_message_of_a_new_mail_has_its_own_subtype(gateway: Gateway) -> None:
    draft = await gateway.drafted()
    async with AsyncExitStack() as stack:
        agent = await listening(gateway, stack)

        await gateway.announce(ReplyCreated.of(draft, "agent1"))

        message = (await agent.event())["data"]
    assert (message["state"], message["interactionSubType"]) == ("ReplyCreated", draft.subtype)


async def test_oddity_41_an_open_invitation_is_told_again_to_who_subscribes_late(
    gateway: Gateway,
) -> None:
    offered, owned = await gateway.offered(), await gateway.accepted()
    async with AsyncExitStack() as stack:
        agent = await listening(gateway, stack)

        first = (await agent.event())["data"]
        await gateway.announce(InvitationAccepted.of(owned, "agent1"))
        second = (await agent.event())["data"]

    assert (first["id"], first["state"]) == (offered.id, "Invited")
    assert (second["id"], second["state"]) == (owned.id, "Accepted")


async def test_oddity_24_clients_of_the_later_release_hear_it_their_way(gateway: Gateway) -> None:
    offered, mail = await gateway.offered(), await gateway.accepted()
    async with AsyncExitStack() as stack:
        agent = await listening(gateway, stack, TOPIC, "/v2/me/emails")
        on_emails = lambda event: event["channel"] == "/v2/me/emails"  # noqa: E731 - reads best here

        again = (await agent.event(on_emails))["data"]
        await gateway.announce(InvitationAccepted.of(mail, "agent1"))
        told_now = (await agent.event(on_emails))["data"]

    assert again["email"]["id"] == offered.id
    assert again["email"]["state"] == "Invited"
    assert told_now["messageType"] == "EmailStateChangeMessage"
    assert told_now["email"]["state"] == "Processing"
