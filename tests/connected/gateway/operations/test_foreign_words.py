"""Messages about the past have no words that another agent has written since."""

import json
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

import httpx2
import pytest

from shared.contracts.events import (
    AgentInvited,
    AttachmentAdded,
    AttachmentRemoved,
    DeliveryFailed,
    DraftSaved,
    InteractionEvent,
    InvitationAccepted,
    PropertiesUpdated,
    ReplyCreated,
    WorkbinItemAdded,
)
from shared.domain.interaction import Address, Email, Interaction, Place
from shared.domain.lifecycle import State
from tests.cometd_client.client import CometdAgent
from tests.connected.gateway.notifications.test_journal import EVENTS, TOPIC, newest, reached
from tests.support.gateway import Gateway

pytestmark = pytest.mark.connected

SECRET = "Zugzwang"
REWRITTEN: dict[str, Any] = {
    "mail": Email(
        subject=SECRET,
        sender=Address("support@demo.example"),
        to=(Address(f"{SECRET}@example.org"),),
        cc=(Address(f"{SECRET}@example.org"),),
        bcc=(Address(f"{SECRET}@example.org"),),
        text=SECRET,
        html=f"<p>{SECRET}</p>",
        message_id=f"<{SECRET}@example.org>",
        in_reply_to=f"<{SECRET}.2@example.org>",
        references=(f"<{SECRET}.1@example.org>",),
    ),
    "comment": SECRET,
    "user_data": {"Note": SECRET},
    "queue": "drafts",
}


def events_about(draft: Interaction, mail: Interaction) -> Sequence[InteractionEvent]:
    """Return what agent1 was told when both were still theirs, under the subject of then."""
    then = {"subject": "Invoice 17"}
    return [
        AgentInvited.of(mail, "agent1", **then),
        InvitationAccepted.of(mail, "agent1", **then),
        PropertiesUpdated.of(mail, "agent1", **then),
        ReplyCreated.of(draft, "agent1", **then),
        PropertiesUpdated.of(draft, "agent1", **then),
        DraftSaved.of(draft, "agent1", **then),
        AttachmentAdded.of(draft, "agent1", **then),
        AttachmentRemoved.of(draft, "agent1", **then),
        DeliveryFailed.of(draft, "agent1", **then, reason="no such mailbox"),
    ]


STATES = [
    ("Invited", "StatusChange"),
    ("Accepted", "StatusChange"),
    ("Accepted", "PropertiesUpdated"),
    ("ReplyCreated", "StatusChange"),
    ("ReplyCreated", "PropertiesUpdated"),
    ("ReplyCreated", "EmailSaved"),
    ("ReplyCreated", "AttachmentAdded"),
    ("ReplyCreated", "AttachmentRemoved"),
    ("ReplyCreated", "Error"),
]


def check(told: Sequence[dict[str, Any]], since: int) -> None:
    assert SECRET not in json.dumps(told)
    assert [(one["state"], one["notificationType"]) for one in told] == STATES
    assert [one["position"] for one in told] == [since + 1 + n for n in range(len(STATES))]
    for one in told:
        assert one["capabilities"] == []
        assert not {"userData", "extendedCapabilities", "inviteExpiresAt"} & one.keys()
        assert set(one["email_object"]) == {"subject", "Subject", "interactionId"}
        assert one["email_object"]["Subject"] == "Invoice 17"


async def now_of_agent2(gateway: Gateway) -> Sequence[InteractionEvent]:
    draft = await gateway.drafted("agent2", **REWRITTEN)
    mail = await gateway.accepted("agent2", **REWRITTEN)
    return events_about(draft, mail)


async def test_the_past_of_a_mail_is_told_over_rest_without_what_another_wrote(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    since = await newest(agent1)
    for event in await now_of_agent2(gateway):
        await gateway.announce(event)
    await reached(agent1, since + len(STATES))

    body = (await agent1.get(EVENTS, params={"since": since})).json()

    check([one["data"] for one in body["events"]], since)


@pytest.mark.parametrize("is_replayed", [True, False])
async def test_events_that_come_late_or_again_tell_nothing_another_wrote(
    gateway: Gateway, agent1: httpx2.AsyncClient, is_replayed: bool
) -> None:
    since = await newest(agent1)
    events = await now_of_agent2(gateway)
    async with AsyncExitStack() as stack:
        if is_replayed:
            for event in events:
                await gateway.announce(event)
            await reached(agent1, since + len(STATES))
        replay = since if is_replayed else None
        desktop = CometdAgent(f"{gateway.url}/cometd", "agent1", "agent1", replay=replay)
        await stack.enter_async_context(desktop)
        await desktop.subscribe(TOPIC)
        if not is_replayed:
            for event in events:
                await gateway.announce(event)

        told = [(await desktop.event())["data"] for _ in STATES]

    check(told, since)


async def test_holder_of_a_mail_is_told_all_of_it(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    agent2 = await gateway.client("agent2")
    since = await newest(agent2)
    draft = await gateway.drafted("agent2", **REWRITTEN)

    await gateway.announce(ReplyCreated.of(draft, "agent2"))
    await reached(agent2, since + 1)
    mine = (await agent2.get(EVENTS, params={"since": since})).json()["events"]
    theirs = (await agent1.get(EVENTS, params={"since": -1})).json()["events"]

    assert mine[0]["data"]["email_object"]["Text"] == SECRET
    assert "Send" in mine[0]["data"]["capabilities"]
    assert theirs == []


async def test_item_of_a_workbin_is_told_without_its_later_words(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    since = await newest(agent1)
    before, after = Place("email.draft", "agent1"), Place("email.draft", "agent2")
    mail = await gateway.store(state=State.IN_WORKBIN, place=after, version=9, **REWRITTEN)
    event = WorkbinItemAdded.at(mail, before).model_copy(update={"subject": "Invoice 17"})

    await gateway.announce(event)
    await reached(agent1, since + 1)

    body = (await agent1.get(EVENTS, params={"since": since})).json()
    assert len(body["events"]) == 1
    assert SECRET not in json.dumps(body)
