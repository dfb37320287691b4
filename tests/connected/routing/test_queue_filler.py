"""Queues are filled in the background, by one pod at a time, and only where agents would hear."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any, cast

import pytest

from services.routing.handlers import Handler, routing_handler
from services.routing.offers.queue_filler import QueueFiller
from shared.contracts.envelope import Envelope
from shared.contracts.events import AgentInvited, AgentReady, RoutingWork
from shared.contracts.outgoing import wrap
from shared.domain.interaction import Exclusion
from shared.domain.lifecycle import State
from shared.domain.routing.agent_search import AgentSearch
from shared.storage.agents.agent_store import Reservation, StoredAgent
from shared.storage.database.leases import LeaseStore
from shared.storage.interactions import interaction_store
from tests.connected.plans import plans_of
from tests.support.backend import Backend, cause
from tests.support.routing import (
    EXCLUSION,
    POLICY,
    Routing,
    RoutingBy,
    fill,
)

pytestmark = pytest.mark.connected

LEASE = timedelta(seconds=60)


class Broker:
    """A broker that is there or not."""

    def __init__(self) -> None:
        self.is_there = False

    def is_open(self) -> bool:
        return self.is_there


async def test_pods_that_fill_one_queue_invite_each_mail_once(
    backend: Backend, routing_by: RoutingBy
) -> None:
    pods = [await routing_by(POLICY) for _ in range(3)]
    for number in range(10):
        await backend.add_agent(f"agent{number}", capacity=3)
    mails = [await backend.add_mail() for _ in range(30)]

    await asyncio.gather(*(fill(pod) for pod in pods for _ in range(5)))
    invited = [(await backend.next_event(AgentInvited)).interaction_id for _ in mails]

    assert sorted(invited) == sorted(mail.id for mail in mails)


async def test_a_queue_asked_for_while_another_pod_fills_it_is_filled_by_that_pod(
    backend: Backend, routing: Routing
) -> None:
    leases = LeaseStore(backend.database, "another pod")
    assert await leases.acquire("queue/support", LEASE)
    await backend.add_agent("agent")
    mail = await backend.add_mail()

    await fill(routing)
    left_alone = (await backend.interactions.get(mail.id)).state
    is_wanted = await leases.release("queue/support", LEASE)

    assert (left_alone, is_wanted) == (State.QUEUED, True)


async def test_renewed_lease_keeps_noted_requests(backend: Backend) -> None:
    holder, other = (LeaseStore(backend.database, name) for name in ("holder", "other"))
    await holder.acquire("queue/support", LEASE)
    assert not await other.acquire("queue/support", LEASE)

    assert await holder.acquire("queue/support", LEASE)

    assert await holder.release("queue/support", LEASE)
    assert not await holder.release("queue/support", LEASE)
    assert await other.acquire("queue/support", LEASE)


async def test_requests_during_a_pass_share_its_lease(
    backend: Backend, routing: Routing, monkeypatch: pytest.MonkeyPatch
) -> None:
    acquired, mails = [], [await backend.add_mail(), await backend.add_mail()]
    await backend.add_agent("first")
    acquire, pass_through = LeaseStore.acquire, routing.offers.pass_through

    async def counted(store: LeaseStore, name: str, lasts: timedelta) -> bool:
        acquired.append(name)
        return await acquire(store, name, lasts)

    async def joined_by_an_agent(queue: str) -> AsyncGenerator[int]:
        async for bulk in pass_through(queue):
            yield bulk
        if await backend.agents.get("second") is None:
            await backend.add_agent("second")
            routing.filler.request(queue)

    monkeypatch.setattr(LeaseStore, "acquire", counted)
    monkeypatch.setattr(type(routing.offers), "pass_through", staticmethod(joined_by_an_agent))

    await fill(routing)

    invited = await backend.held_by("first") + await backend.held_by("second")
    assert sorted(invited) == sorted(mail.id for mail in mails)
    assert acquired == ["queue/support"]


async def test_busy_queues_leave_a_worker_to_another_queue(
    routing: Routing, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed: list[str] = []
    busy = [f"busy{number}" for number in range(8)]

    async def requested_again(queue: str) -> AsyncGenerator[int]:
        passed.append(queue)
        if "quiet" not in passed:
            routing.filler.request(queue)
        yield 0

    monkeypatch.setattr(type(routing.offers), "pass_through", staticmethod(requested_again))

    for queue in (*busy, "quiet"):
        routing.filler.request(queue)
    async with asyncio.timeout(30):
        await routing.filler.wait_until_idle()

    assert set(passed) == {*busy, "quiet"}


async def test_pod_asks_ever_less_often_for_a_lease_that_is_taken(
    backend: Backend, routing: Routing, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses = []
    loop = asyncio.get_running_loop()
    call_later = loop.call_later

    def noted(
        seconds: float, callback: Any, *arguments: Any, **options: Any
    ) -> asyncio.TimerHandle:
        if getattr(callback, "__self__", None) is routing.filler:
            pauses.append(seconds)
            seconds = 0
        return call_later(seconds, callback, *arguments, **options)

    monkeypatch.setattr(loop, "call_later", noted)
    other = LeaseStore(backend.database, "another pod")
    await other.acquire("queue/support", LEASE)
    for _ in range(4):
        await fill(routing)
    while await other.release("queue/support", LEASE):
        pass

    await fill(routing)
    await other.acquire("queue/support", LEASE)
    await fill(routing)

    assert pauses == [0.05, 0.1, 0.2, 0.2, 0.0, 0.05]


async def test_agents_who_become_ready_keep_no_command_waiting(
    backend: Backend, routing: Routing, monkeypatch: pytest.MonkeyPatch
) -> None:
    await backend.add_agent("agent")
    mail = await backend.add_mail()
    may_read = asyncio.Event()
    get = backend.agents.get

    async def slow(agent_id: str) -> StoredAgent | None:
        await may_read.wait()
        return await get(agent_id)

    monkeypatch.setattr(type(backend.agents), "get", staticmethod(slow))
    handle = handler_of(routing)
    message = wrap(AgentReady(agent_id="agent"), cause(), backend.clock.now())

    async with asyncio.timeout(20):
        await handle(Envelope[RoutingWork].model_validate_json(message.body))
    may_read.set()
    await routing.filler.wait_until_idle()

    assert await backend.held_by("agent") == [mail.id]


async def test_ready_agent_is_offered_mail_unread(
    backend: Backend, routing: Routing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand of them would otherwise be read in each pod, and the more the more pods."""
    await backend.add_agent("agent")
    mail = await backend.add_mail()
    read: list[str] = []
    monkeypatch.setattr(type(backend.agents), "get", staticmethod(read.append))
    event = AgentReady(agent_id="agent", queues=("support", "sales"))
    message = wrap(event, cause(), backend.clock.now())

    await handler_of(routing)(Envelope[RoutingWork].model_validate_json(message.body))
    await routing.filler.wait_until_idle()

    assert await backend.held_by("agent") == [mail.id]
    assert not read


def handler_of(routing: Routing) -> Handler:
    return routing_handler(
        invitations=routing.invitations,
        transfers=routing.transfers,
        filler=routing.filler,
        absent_agents=routing.absent_agents,
        disowned_reports=cast("Any", None),
        refusals=cast("Any", None),
    )


async def test_a_lease_of_a_pod_that_died_can_be_taken(backend: Backend) -> None:
    dead, living = (LeaseStore(backend.database, name) for name in ("dead", "living"))
    await dead.acquire("queue/support", timedelta(0))

    assert await living.acquire("queue/support", LEASE)


async def test_request_lost_with_a_dead_pod_is_repaired_when_its_lease_ends(
    backend: Backend, routing: Routing
) -> None:
    dead = LeaseStore(backend.database, "a pod that died")
    await dead.acquire("queue/support", LEASE)
    await backend.add_agent("agent")
    mail = await backend.add_mail()
    await fill(routing)
    await dead.acquire("queue/support", timedelta(0))

    async with routing.filler.running():
        await routing.filler.request_all()
        await routing.filler.wait_until_idle()

    assert (await backend.interactions.get(mail.id)).state is State.INVITED


async def test_nothing_is_offered_while_the_broker_is_away(
    backend: Backend, routing: Routing
) -> None:
    broker = Broker()
    filler = QueueFiller(
        offers=routing.offers,
        leases=LeaseStore(backend.database, "pod"),
        agents=backend.agents,
        configuration=backend.configuration,
        broker=broker,
    )
    await backend.add_agent("agent")
    mail = await backend.add_mail()
    async with filler.running():
        filler.request("support")
        await filler.wait_until_idle()
        while_away = (await backend.interactions.get(mail.id)).state

        broker.is_there = True
        await filler.request_all()
        await filler.wait_until_idle()

    assert while_away is State.QUEUED
    assert (await backend.interactions.get(mail.id)).state is State.INVITED


async def test_an_agent_whom_no_gateway_sees_is_offered_nothing(
    backend: Backend, routing: Routing
) -> None:
    await backend.add_agent("unseen", connected_at=backend.clock.now() - timedelta(minutes=1))
    backend.clock.move(timedelta(seconds=1))
    await backend.add_agent("seen", connected_at=backend.clock.now())
    await backend.add_mail()
    await backend.add_mail()

    await fill(routing)

    assert await backend.held_by("unseen") == []
    assert len(await backend.held_by("seen")) == 1


async def test_excluded_backlog_costs_one_try_without_free_agents(
    backend: Backend, routing: Routing, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = (Exclusion("agent", backend.clock.now()),)
    running = (Exclusion("agent", backend.clock.now() + EXCLUSION),)
    for excluded in (running, ended, running, ended):
        await backend.add_mail(excluded=excluded)
    await backend.add_agent("agent", free=0)
    tried = []
    reserve = backend.agents.reserve

    async def counted(interaction_id: str, *arguments: Any, **options: Any) -> Reservation | None:
        tried.append(interaction_id)
        return await reserve(interaction_id, *arguments, **options)

    monkeypatch.setattr(type(backend.agents), "reserve", staticmethod(counted))

    await fill(routing)

    assert len(tried) == 1


async def test_mails_for_a_skill_that_nobody_has_cost_one_search(
    backend: Backend, routing: Routing, monkeypatch: pytest.MonkeyPatch
) -> None:
    for skill in ("latin", "greek", "latin", "latin", "greek"):
        await backend.add_mail(skill=skill)
    await backend.add_agent("agent", skills={"german": 1})
    tried = []
    reserve = backend.agents.reserve

    async def counted(interaction_id: str, search: AgentSearch) -> Reservation | None:
        tried.append(next(iter(search.skills)))
        return await reserve(interaction_id, search)

    monkeypatch.setattr(type(backend.agents), "reserve", staticmethod(counted))

    await fill(routing)

    assert tried == ["latin", "greek"]


async def test_backlog_without_suitable_agents_is_not_read(
    backend: Backend, routing: Routing
) -> None:
    for _ in range(40):
        await backend.add_mail()
    await backend.add_agent("agent", free=0)

    async with plans_of(backend.database, interaction_store.COLLECTION) as plans:
        await fill(routing)

    assert 1 <= sum(plan.examined for plan in plans) <= 2


async def test_mail_for_a_skill_is_offered_past_a_blocked_backlog(
    backend: Backend, routing: Routing
) -> None:
    for _ in range(5):
        await backend.add_mail()
    wanted = await backend.add_mail(skill="german")
    await backend.add_agent("elsewhere", queues=["sales"], skills={"german": 1})

    await fill(routing)

    assert await backend.held_by("elsewhere") == [wanted.id]
