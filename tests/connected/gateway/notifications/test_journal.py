"""Events that an agent missed are read after the last position that it has seen."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from services.gateway.notifications.journal.journal_writer import JournalWriter
from shared.contracts.envelope import JOURNALED
from shared.contracts.events import (
    AgentReady,
    InteractionCompleted,
    InvitationAccepted,
    WorkbinItemAdded,
)
from shared.contracts.outgoing import Outgoing, wrap
from shared.domain.interaction import Place
from shared.domain.lifecycle import State
from shared.messaging.topology import JOURNAL
from shared.storage.journal import COLLECTION, Announced, JournalAppender
from tests.cometd_client.client import CometdAgent
from tests.connected.gateway.process import Process
from tests.support.backend import Backend, cause
from tests.support.gateway import Gateway, failure, hashed, running_gateway

pytestmark = pytest.mark.connected

TOPIC = "/v2/me/interactions"
CHANNELS = "/v2/me/channels"
EVENTS = "/api/v2/me/interactions/events"


async def newest(agent: httpx2.AsyncClient) -> int:
    position: int = (await agent.get(EVENTS, params={"since": -1})).json()["position"]
    return position


async def reached(agent: httpx2.AsyncClient, position: int) -> None:
    """Return once the newest position is at least this one."""
    async with asyncio.timeout(20):
        while await newest(agent) < position:
            pass


async def announce_changes(backend: Backend, times: int) -> None:
    for _ in range(times):
        event = AgentReady(agent_id="agent1")
        await backend.publisher.publish(wrap(event, cause(), backend.clock.now()))


async def desk(stack: AsyncExitStack, url: str, **options: Any) -> CometdAgent:
    agent = CometdAgent(f"{url}/cometd", "agent1", "agent1", **options)
    return await stack.enter_async_context(agent)


async def positions(agent: CometdAgent, number: int) -> list[int]:
    return [(await agent.event())["data"]["position"] for _ in range(number)]


async def test_rest_returns_missed_events(gateway: Gateway, agent1: httpx2.AsyncClient) -> None:
    since = await newest(agent1)
    mail = await gateway.accepted()
    await gateway.announce(InvitationAccepted.of(mail, "agent1"))
    await gateway.announce(AgentReady(agent_id="agent1"))
    await gateway.announce(InteractionCompleted.of(mail, "agent1"))
    await reached(agent1, since + 3)

    page = (await agent1.get(EVENTS, params={"since": since, "limit": 2})).json()
    rest = (await agent1.get(EVENTS, params={"since": page["position"]})).json()

    assert [(one["channel"], one["data"]["position"]) for one in page["events"]] == [
        (TOPIC, since + 1),
        (CHANNELS, since + 2),
    ]
    assert page["events"][0]["data"]["email_object"]["Text"] == "Hello\nbye"
    assert (page["position"], page["hasMore"]) == (since + 2, True)
    assert [one["data"]["state"] for one in rest["events"]] == ["Completed"]
    assert (rest["position"], "hasMore" in rest) == (since + 3, False)


async def test_writing_pod_needs_no_broker_to_tell_its_own_clients(
    backend: Backend, vhost_url: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(JournalWriter, "_publish", never)
    monkeypatch.setattr(
        "services.gateway.notifications.event_feed._CHECK_EVERY", timedelta(hours=1)
    )
    await backend.add_agent("agent1", password_hash=hashed("agent1"))
    async with (
        running_gateway(backend, vhost_url, database_url) as gateway,
        CometdAgent(f"{gateway.url}/cometd", "agent1", "agent1") as desktop,
    ):
        await desktop.subscribe(CHANNELS)

        await announce_changes(backend, 2)

        assert await positions(desktop, 2) == [1, 2]


async def test_unbuildable_event_keeps_back_none_after_it(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    since = await newest(agent1)
    mail = await gateway.accepted()
    await gateway.backend.database["interactions"].update_one(
        {"_id": mail.id}, {"$set": {"state": "A state of a newer release"}}
    )

    async with AsyncExitStack() as stack:
        client = await desk(stack, gateway.url)
        await client.subscribe(TOPIC)
        await client.subscribe(CHANNELS)
        await gateway.announce(InvitationAccepted.of(mail, "agent1"))
        await gateway.announce(AgentReady(agent_id="agent1"))

        assert await positions(client, 1) == [since + 2]
    page = (await agent1.get(EVENTS, params={"since": since})).json()
    assert [one["data"]["position"] for one in page["events"]] == [since + 2]
    assert page["position"] == since + 2


async def test_group_event_is_in_the_journal_of_each_member(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    place = Place("team", "sales", of_group=True)
    await gateway.add_agent("stranger", queues=["support"])
    members = [agent1, await gateway.client("agent2")]
    stranger = await gateway.client("stranger")
    before = [await newest(one) for one in (*members, stranger)]
    mail = await gateway.store(state=State.IN_WORKBIN, place=place, version=4)

    await gateway.announce(WorkbinItemAdded.at(mail, place))

    for one, since in zip(members, before, strict=False):
        await reached(one, since + 1)
        [event] = (await one.get(EVENTS, params={"since": since})).json()["events"]
        assert event["channel"] == "/v2/me/workbins"
        assert event["data"]["position"] == since + 1
    assert await newest(stranger) == before[-1]


async def test_journal_of_another_agent_is_not_readable(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    agent2 = await gateway.client("agent2")
    mine, theirs = await newest(agent1), await newest(agent2)

    await announce_changes(gateway.backend, 1)
    await reached(agent1, mine + 1)

    assert await newest(agent2) == theirs


@pytest.mark.parametrize(
    ("query", "code", "status"),
    [
        ({}, 1, 400),
        ({"since": "yesterday"}, 10, 400),
        ({"since": -3}, 10, 400),
        ({"since": 1, "limit": 0}, 10, 400),
        ({"since": 1, "limit": 201}, 10, 400),
        ({"since": 10**12}, 6, 410),
    ],
)
async def test_meaningless_position_is_refused(
    agent1: httpx2.AsyncClient, query: dict[str, Any], code: int, status: int
) -> None:
    answer = await agent1.get(EVENTS, params=query)

    assert answer.status_code == status
    assert failure(code, answer.json())


async def test_too_old_position_is_refused_with_advice(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    since = await newest(agent1)
    await announce_changes(gateway.backend, 2)
    await reached(agent1, since + 2)
    await gateway.backend.database[COLLECTION].delete_many(
        {"agent_id": "agent1", "position": {"$lte": since + 1}}
    )

    answer = await agent1.get(EVENTS, params={"since": since})
    desktop = CometdAgent(f"{gateway.url}/cometd", "agent1", "agent1", replay=since)
    async with desktop:
        reply = await desktop.subscribe(TOPIC)

    assert answer.status_code == 410
    assert failure(6, answer.json())
    assert "fields=*" in answer.json()["statusMessage"]
    assert reply["error"].startswith(f"400::position {since} is too old")
    assert "-1" in reply["error"]


async def test_snapshot_has_the_position_to_go_on_from(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    since = await newest(agent1)
    await announce_changes(gateway.backend, 1)
    await reached(agent1, since + 1)

    whole = (await agent1.get("/api/v2/me/interactions", params={"fields": "*"})).json()
    addresses = (await agent1.get("/api/v2/me/interactions")).json()

    assert whole["position"] == since + 1
    assert "position" not in addresses


@pytest.mark.parametrize("transport", ["long-polling", "websocket"])
async def test_official_client_goes_on_at_another_pod(gateway: Gateway, transport: Any) -> None:
    agent1 = await gateway.client("agent1")
    since = await newest(agent1)
    async with AsyncExitStack() as stack:
        second = await stack.enter_async_context(
            running_gateway(gateway.backend, gateway.broker_url, gateway.database_url)
        )
        first_desk = await desk(stack, gateway.url, transport=transport, replay=-1)
        await first_desk.subscribe(CHANNELS)
        await announce_changes(gateway.backend, 3)
        heard = await positions(first_desk, 3)
        await first_desk.kill()
        await announce_changes(gateway.backend, 120)

        second_desk = await desk(stack, second.url, transport=transport, replay=heard[-1])
        reply = await second_desk.subscribe(CHANNELS)
        await announce_changes(gateway.backend, 5)
        heard += await positions(second_desk, 125)
    assert reply["ext"] == {"replay": {CHANNELS: since + 3}}
    assert heard == list(range(since + 1, since + 129))


async def test_event_of_a_killed_writer_is_published_once(gateway: Gateway) -> None:
    agent1 = await gateway.client("agent1")
    since = await newest(agent1)
    backend = gateway.backend
    event = wrap(AgentReady(agent_id="agent1"), cause(), backend.clock.now())
    async with CometdAgent(f"{gateway.url}/cometd", "agent1", "agent1") as desktop:
        await desktop.subscribe(CHANNELS)

        dead = JournalAppender(backend.database, backend.clock, retention=timedelta(hours=72))
        await dead.append([Announced(event.id, "agent1", event.body)])
        for _ in range(3):
            await backend.publisher.publish(event)
        await announce_changes(backend, 1)

        assert await positions(desktop, 2) == [since + 1, since + 2]


async def test_pod_reads_the_journal_after_an_unreadable_batch(gateway: Gateway) -> None:
    since = await newest(await gateway.client("agent1"))
    backend = gateway.backend
    event = wrap(AgentReady(agent_id="agent1"), cause(), backend.clock.now())
    async with CometdAgent(f"{gateway.url}/cometd", "agent1", "agent1") as desktop:
        await desktop.subscribe(CHANNELS)

        other = JournalAppender(backend.database, backend.clock, retention=timedelta(hours=72))
        await other.append([Announced(event.id, "agent1", event.body)])
        await backend.publisher.publish(Outgoing("1", JOURNALED, "agent1", b"of another format"))

        assert await positions(desktop, 1) == [since + 1]


async def test_invalid_event_is_parked_and_others_go_on(gateway: Gateway) -> None:
    agent1 = await gateway.client("agent1")
    since = await newest(agent1)

    await gateway.backend.publisher.publish(Outgoing("1", "", JOURNAL.name, b"no event"))
    await announce_changes(gateway.backend, 1)

    await reached(agent1, since + 1)
    assert await gateway.parked(JOURNAL) == b"no event"


@pytest.mark.parametrize("point", ["journal.before_telling:3", "journal.before_acknowledging:1"])
async def test_another_pod_goes_on_when_the_writer_is_killed(
    backend: Backend, vhost_url: str, database_url: str, point: str
) -> None:
    await backend.add_agent("agent1", password_hash=hashed("agent1"))
    doomed, other = Process(vhost_url, database_url), Process(vhost_url, database_url)
    doomed.environment |= {"MAILROOM_FAULTS": "1", "CRASH_AT": point}
    await doomed.start()
    await other.start()
    try:
        async with CometdAgent(f"{other.url}/cometd", "agent1", "agent1", replay=-2) as desktop:
            await desktop.subscribe(CHANNELS)
            for _ in range(30):
                await announce_changes(backend, 1)

            heard = await positions(desktop, 30)
        await asyncio.wait_for(doomed.process.wait(), 10)
    finally:
        await other.stop()
    assert heard == list(range(1, 31))
    assert doomed.process.returncode == -9
