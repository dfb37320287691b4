"""The delivery of a sent mail is shown to agents who may read the mail."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from services.gateway.wire.fields import timestamp
from shared.contracts.events import DeliveryReported
from shared.contracts.outgoing import Outgoing
from shared.domain.deliveries.delivery import Conclusion, DeliveryState, RecipientState
from shared.domain.deliveries.delivery_report import DeliveryReport, MatchedBy, ReportedVerdict
from shared.domain.ids import new_id
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import Direction, State
from shared.storage.mails.delivery_store import DeliveryStore, new_delivery
from shared.storage.mails.report_store import ReportStore
from tests.connected.gateway.oddities.asking import listening
from tests.support.backend import cause
from tests.support.gateway import Gateway

pytestmark = pytest.mark.connected

LATER = "451 4.3.0 come back later"


async def _announce_nothing(_id: str, _owed: Sequence[Outgoing]) -> None:
    pass


async def waiting(gateway: Gateway, mail_id: str) -> DeliveryStore:
    """Let a mail wait for its first attempt."""
    clock = gateway.backend.clock
    store = DeliveryStore(gateway.backend.database, clock, _announce_nothing)
    delivery = new_delivery(
        interaction_id=mail_id,
        agent_id="agent1",
        message_id=f"<{mail_id}@demo.example>",
        sender="support@demo.example",
        recipients=("ann@example.org", "bob@example.org"),
        now=clock.now(),
    )
    await store.add(delivery, b"Subject: x\r\n\r\nx\r\n", cause())
    return store


async def tried(gateway: Gateway, mail: Interaction, ending: DeliveryState, text: str) -> None:
    """Let an attempt end: ann's server takes the mail, bob's says something else."""
    clock = gateway.backend.clock
    store = await waiting(gateway, mail.id)
    claim = await store.claim(mail.id, "me", timedelta(minutes=1))
    assert claim
    await store.offer_dot(claim, claim.delivery.recipients, timedelta(minutes=1))
    ann, bob = claim.delivery.recipients
    state = RecipientState.DEFERRED if ending is DeliveryState.DEFERRED else RecipientState.FAILED
    recipients = (
        replace(ann, state=RecipientState.ACCEPTED, code=250, text="taken", at=clock.now()),
        replace(bob, state=state, code=int(text[:3]), text=text[4:], at=clock.now()),
    )
    again = clock.now() + timedelta(minutes=5) if ending is DeliveryState.DEFERRED else None
    conclusion = Conclusion(ending, recipients, f"bob@example.org: {text}", clock.now(), again)
    await store.conclude(claim.delivery, conclusion)


async def outbound(gateway: Gateway, state: State) -> Interaction:
    """Store a mail of agent1 that has left the desk."""
    return await gateway.store(
        direction=Direction.OUTBOUND, subtype="OutboundReply", state=state, owner_id="agent1"
    )


async def shown(client: httpx2.AsyncClient, path: str) -> Any:
    body = (await client.get(f"/api/v2/{path}")).json()
    return body.get("interaction", body).get("delivery")


@pytest.mark.parametrize("path", ["interactions/{}", "me/interactions/{}", "ucs/interactions/{}"])
async def test_why_a_mail_waits_stays_readable(
    gateway: Gateway, agent1: httpx2.AsyncClient, path: str
) -> None:
    mail = await outbound(gateway, State.SENDING)
    await tried(gateway, mail, DeliveryState.DEFERRED, LATER)

    delivery = await shown(agent1, path.format(mail.id))

    assert (delivery["state"], delivery["attempts"]) == ("Deferred", 1)
    assert delivery["reason"] == f"bob@example.org: {LATER}"
    assert delivery["nextAttemptAt"].endswith("Z")
    assert [(one["address"], one["state"]) for one in delivery["recipients"]] == [
        ("ann@example.org", "Accepted"),
        ("bob@example.org", "Deferred"),
    ]


@pytest.mark.parametrize("path", ["interactions/{}", "ucs/interactions/{}"])
async def test_refused_recipients_of_a_sent_mail_stay_readable(
    gateway: Gateway, agent1: httpx2.AsyncClient, path: str
) -> None:
    mail = await outbound(gateway, State.SENT)
    await tried(gateway, mail, DeliveryState.SENT, "550 5.1.1 unknown")

    delivery = await shown(agent1, path.format(mail.id))

    assert delivery["state"] == "Sent"
    refused = delivery["recipients"][1]
    assert (refused["state"], refused["code"], refused["text"]) == ("Refused", 550, "5.1.1 unknown")


@pytest.mark.parametrize("path", ["interactions/{}", "ucs/interactions/{}"])
async def test_unreadable_mail_hides_its_recipients(gateway: Gateway, path: str) -> None:
    mail = await gateway.drafted()
    await tried(gateway, mail, DeliveryState.DEFERRED, LATER)

    stranger = await gateway.client("agent2")
    assert await shown(stranger, path.format(mail.id)) is None


async def test_a_mail_that_was_never_sent_has_no_delivery(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail = await gateway.drafted()

    assert await shown(agent1, f"interactions/{mail.id}") is None


async def test_mail_waiting_for_retry_is_listed_and_cancelable(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail = await outbound(gateway, State.SENDING)
    await tried(gateway, mail, DeliveryState.DEFERRED, LATER)

    mine = (await agent1.get("/api/v2/me/interactions?fields=*")).json()["interactions"]
    answer = await agent1.post(
        f"/api/v2/me/interactions/{mail.id}", json={"operationName": "Cancel"}
    )

    assert [(one["id"], one["state"]) for one in mine] == [(mail.id, "Sending")]
    assert "Cancel" in mine[0]["extendedCapabilities"]
    assert answer.status_code == 200
    assert (await gateway.command())["address"] == "composition.cancel-draft.v1"


async def test_a_mail_in_a_session_is_not_canceled(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail = await outbound(gateway, State.SENDING)
    store = await waiting(gateway, mail.id)
    assert await store.claim(mail.id, "me", timedelta(minutes=1))

    answer = await agent1.post(
        f"/api/v2/me/interactions/{mail.id}", json={"operationName": "Cancel"}
    )

    assert (answer.status_code, answer.json()["statusCode"]) == (409, 2)
    assert "handed to a mail server now" in answer.json()["statusMessage"]
    assert await gateway.unchanged(mail)


async def reported(gateway: Gateway, mail: Interaction, by: MatchedBy) -> DeliveryReport:
    """Let a report say that bob does not exist."""
    gone = ReportedVerdict("bob@example.org", "5.1.1", hard=True, diagnostic="no such user")
    now = gateway.backend.clock.now()
    report = DeliveryReport(new_id(), "failed", "child", mail.id, by, (gone,), now)
    return await ReportStore(gateway.backend.database).add(report)


@pytest.mark.parametrize("path", ["interactions/{}", "ucs/interactions/{}"])
@pytest.mark.parametrize(
    ("by", "proof"), [(MatchedBy.TOKEN, {}), (MatchedBy.RETURNED_MAIL, {"proven": False})]
)
async def test_a_report_is_shown_on_the_recipient_of_the_sent_mail(
    gateway: Gateway,
    agent1: httpx2.AsyncClient,
    path: str,
    by: MatchedBy,
    proof: dict[str, bool],
) -> None:
    mail = await outbound(gateway, State.SENT)
    await waiting(gateway, mail.id)
    report = await reported(gateway, mail, by)

    delivery = await shown(agent1, path.format(mail.id))

    assert delivery["recipients"][1] == {
        "address": "bob@example.org",
        "state": "Bounced",
        "status": "5.1.1",
        "text": "no such user",
        "at": timestamp(report.at),
        **proof,
    }
    assert [one.rpartition("/api/v2/")[2] for one in delivery["reports"]] == [
        "ucs/interactions/child"
    ]


async def test_a_delivery_report_is_told_to_the_author(gateway: Gateway) -> None:
    mail = await outbound(gateway, State.SENT)
    await waiting(gateway, mail.id)
    await reported(gateway, mail, MatchedBy.TOKEN)

    async with AsyncExitStack() as stack:
        agent = await listening(gateway, stack)
        await gateway.announce(
            DeliveryReported.of(mail, "agent1", kind="failed", reason="bob: failed 5.1.1")
        )
        message = (await agent.event())["data"]

    assert (message["state"], message["notificationType"]) == ("Sent", "DeliveryReport")
    assert (message["report"], message["reason"]) == ("failed", "bob: failed 5.1.1")
    assert [one["state"] for one in message["delivery"]["recipients"]] == ["Waiting", "Bounced"]
