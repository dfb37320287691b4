"""Queues are filled in the background, by one pod at a time, and only where agents would hear."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from services.routing.queue_filler import QueueFiller
from shared.contracts.events import AgentInvited
from shared.domain.interaction import Exclusion
from shared.domain.lifecycle import State
from shared.storage.database.leases import LeaseStore
from shared.storage.interactions import interaction_store
from tests.connected.plans import plans_of
from tests.support.routing import (
    EXCLUSION,
    POLICY,
    Routing,
    RoutingBy,
    fill,
)
from tests.support.world import World

pytestmark = pytest.mark.connected

LEASE = timedelta(seconds=60)


class Broker:
    """A broker that is there or not."""

    def __init__(self) -> None:
        self.is_there = False

    def is_open(self) -> bool:
        return self.is_there


async def test_pods_that_fill_one_queue_invite_each_mail_once(
    world: World, routing_by: RoutingBy
) -> None:
    pods = [await routing_by(POLICY) for _ in range(3)]
    for number in range(10):
        await world.hire(f"agent{number}", capacity=3)
    mails = [await world.receive() for _ in range(30)]

    await asyncio.gather(*(fill(pod) for pod in pods for _ in range(5)))
    invited = [(await world.hear(AgentInvited)).interaction_id for _ in mails]

    assert sorted(invited) == sorted(mail.id for mail in mails)


async def test_a_queue_asked_for_while_another_pod_fills_it_is_filled_by_that_pod(
    world: World, routing: Routing
) -> None:
    leases = LeaseStore(world.database, "another pod")
    assert await leases.acquire("queue/support", LEASE)
    await world.hire("agent")
    mail = await world.receive()

    await fill(routing)
    left_alone = (await world.interactions.get(mail.id)).state
    is_wanted = await leases.release("queue/support", LEASE)

    assert (left_alone, is_wanted) == (State.QUEUED, True)


async def test_renewed_lease_keeps_noted_requests(world: World) -> None:
    holder, other = (LeaseStore(world.database, name) for name in ("holder", "other"))
    await holder.acquire("queue/support", LEASE)
    assert not await other.acquire("queue/support", LEASE)

    assert await holder.acquire("queue/support", LEASE)

    assert await holder.release("queue/support", LEASE)
    assert not await holder.release("queue/support", LEASE)
    assert await other.acquire("queue/support", LEASE)


async def test_a_lease_of_a_pod_that_died_can_be_taken(world: World) -> None:
    dead, living = (LeaseStore(world.database, name) for name in ("dead", "living"))
    await dead.acquire("queue/support", timedelta(0))

    assert await living.acquire("queue/support", LEASE)


async def test_nothing_is_offered_while_the_broker_is_away(world: World, routing: Routing) -> None:
    broker = Broker()
    filler = QueueFiller(
        offers=routing.offers,
        leases=LeaseStore(world.database, "pod"),
        agents=world.agents,
        configuration=world.configuration,
        broker=broker,
    )
    await world.hire("agent")
    mail = await world.receive()
    async with filler.running():
        filler.request("support")
        await filler.wait_until_idle()
        while_away = (await world.interactions.get(mail.id)).state

        broker.is_there = True
        await filler.request_all()
        await filler.wait_until_idle()

    assert while_away is State.QUEUED
    assert (await world.interactions.get(mail.id)).state is State.INVITED


async def test_an_agent_whom_no_gateway_sees_is_offered_nothing(
    world: World, routing: Routing
) -> None:
    await world.hire("unseen", connected_at=world.clock.now() - timedelta(minutes=1))
    world.clock.move(timedelta(seconds=1))
    await world.hire("seen", connected_at=world.clock.now())
    await world.receive()
    await world.receive()

    await fill(routing)

    assert await world.holding("unseen") == []
    assert len(await world.holding("seen")) == 1


async def test_excluded_backlog_costs_one_try_without_free_agents(
    world: World, routing: Routing, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = (Exclusion("agent", world.clock.now()),)
    running = (Exclusion("agent", world.clock.now() + EXCLUSION),)
    for excluded in (running, ended, running, ended):
        await world.receive(excluded=excluded)
    await world.hire("agent", free=0)
    tried = []
    reserve = world.agents.reserve

    async def counted(interaction_id: str, *arguments: Any, **options: Any) -> str | None:
        tried.append(interaction_id)
        return await reserve(interaction_id, *arguments, **options)

    monkeypatch.setattr(type(world.agents), "reserve", staticmethod(counted))

    await fill(routing)

    assert len(tried) == 1


async def test_backlog_without_suitable_agents_is_not_read(world: World, routing: Routing) -> None:
    for _ in range(40):
        await world.receive()
    await world.hire("agent", free=0)

    async with plans_of(world.database, interaction_store.COLLECTION) as plans:
        await fill(routing)

    assert 1 <= sum(plan.examined for plan in plans) <= 2


async def test_mail_for_a_skill_is_offered_past_a_blocked_backlog(
    world: World, routing: Routing
) -> None:
    for _ in range(5):
        await world.receive()
    wanted = await world.receive(skill="german")
    await world.hire("elsewhere", queues=["sales"], skills={"german": 1})

    await fill(routing)

    assert await world.holding("elsewhere") == [wanted.id]
