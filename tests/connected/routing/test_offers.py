"""Who is offered what."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.contracts.contact_center import Queue
from shared.contracts.envelope import Cause
from shared.contracts.events import AgentInvited, InvitationRevoked
from shared.domain.errors import Unavailable
from shared.domain.ids import new_id
from shared.domain.lifecycle import State
from tests.support.routing import (
    EXCLUSION,
    INVITATION,
    Routing,
    fill,
    fill_all,
    fill_for,
    revoke,
)
from tests.support.world import CENTER, World

pytestmark = pytest.mark.connected


async def test_the_longest_idle_ready_agent_is_invited(world: World, routing: Routing) -> None:
    await world.hire("busy", capacity=1, free=0)
    await world.hire("absent", ready=False)
    await world.hire("idle")
    world.clock.move(timedelta(minutes=1))
    await world.hire("fresh")
    mail = await world.receive()

    await fill(routing)

    invited = await world.hear(AgentInvited)
    assert (invited.agent_id, invited.interaction_id) == ("idle", mail.id)


async def test_mails_are_spread_over_the_agents_who_have_room(
    world: World, routing: Routing
) -> None:
    for name in ("anna", "ben", "cleo"):
        await world.hire(name, capacity=3)
        world.clock.move(timedelta(minutes=1))
    for _ in range(3):
        await world.receive()

    await fill(routing)

    assert [len(await world.holding(name)) for name in ("anna", "ben", "cleo")] == [1, 1, 1]


async def test_nobody_is_invited_beyond_their_capacity(world: World, routing: Routing) -> None:
    await world.hire("agent", capacity=2)
    mails = [await world.receive() for _ in range(3)]

    await fill(routing)

    states = [(await world.interactions.get(mail.id)).state for mail in mails]
    assert states == [State.INVITED, State.INVITED, State.QUEUED]


async def test_an_agent_without_the_skill_is_passed_over(world: World, routing: Routing) -> None:
    german = Queue(name="support", requires={"german": 3})
    queues = (german, *CENTER.queues[1:])
    await world.configuration.write(CENTER.model_copy(update={"queues": queues}))
    await world.hire("learner", skills={"german": 2})
    world.clock.move(timedelta(minutes=1))
    await world.hire("speaker", skills={"german": 4})
    await world.receive()

    await fill(routing)

    assert (await world.hear(AgentInvited)).agent_id == "speaker"


async def test_the_backlog_drains_in_its_order_when_an_agent_becomes_ready(
    world: World, routing: Routing
) -> None:
    await world.hire("agent", ready=False, capacity=2)
    mails = []
    for _ in range(3):
        mails.append(await world.receive())
        world.clock.move(timedelta(seconds=1))
    await fill(routing)

    await world.agents.set_ready("agent", ready=True)
    await fill_for(routing, "agent")

    offered = {(await world.hear(AgentInvited)).interaction_id for _ in range(2)}
    assert offered == {mails[0].id, mails[1].id}


async def test_an_invitation_nobody_answers_goes_to_the_next_agent(
    world: World, routing: Routing
) -> None:
    await world.hire("first")
    world.clock.move(timedelta(seconds=1))
    await world.hire("second")
    mail = await world.receive()
    await fill(routing)

    world.clock.move(INVITATION)
    await revoke(routing)

    assert (await world.hear(AgentInvited)).agent_id == "first"
    assert (await world.hear(InvitationRevoked)).agent_id == "first"
    assert (await world.hear(AgentInvited)).agent_id == "second"
    assert await world.holding("first") == []
    assert (await world.interactions.get(mail.id)).queued_at == mail.queued_at


async def test_a_mail_that_no_message_brought_is_revoked_like_any_other(
    world: World, routing: Routing
) -> None:
    await world.hire("agent")
    mail = replace(await world.receive(), id=new_id())
    await world.interactions.add(mail, Cause(), [])
    await world.hire("other")
    await fill(routing)

    world.clock.move(INVITATION)

    assert await revoke(routing) == 2


async def test_an_answered_invitation_is_not_revoked(world: World, routing: Routing) -> None:
    await world.hire("agent")
    await world.receive()
    await fill(routing)

    world.clock.move(INVITATION - timedelta(seconds=1))

    assert await revoke(routing) == 0


async def test_a_lone_agent_is_offered_the_mail_again_after_a_while(
    world: World, routing: Routing
) -> None:
    await world.hire("lone")
    await world.receive()
    await fill(routing)
    world.clock.move(INVITATION)
    await revoke(routing)
    world.heard_so_far()

    await fill_all(routing)
    world.clock.move(EXCLUSION)
    await fill_all(routing)

    assert (await world.hear(AgentInvited)).agent_id == "lone"


async def test_a_mail_that_was_refused_does_not_hold_up_those_behind_it(
    world: World, routing: Routing
) -> None:
    await world.hire("agent")
    await world.receive()
    await fill(routing)
    world.clock.move(INVITATION)
    behind = await world.receive()

    await revoke(routing)

    await world.hear(InvitationRevoked)
    assert (await world.hear(AgentInvited)).interaction_id == behind.id


async def test_concurrent_requests_invite_each_mail_once(world: World, routing: Routing) -> None:
    for number in range(10):
        await world.hire(f"agent{number}", capacity=3)
    mails = [await world.receive() for _ in range(20)]

    await asyncio.gather(*(fill(routing) for _ in range(20)))

    invited = [(await world.hear(AgentInvited)).interaction_id for _ in mails]
    assert sorted(invited) == sorted(mail.id for mail in mails)
    holding = [len(await world.holding(f"agent{number}")) for number in range(10)]
    assert sum(holding) == 20


async def test_places_that_follow_no_interaction_are_given_back(
    world: World, routing: Routing
) -> None:
    await world.hire("agent", holding=["0000000000000000"], free=0)

    await routing.place_audit.audit_places()
    mended = await routing.place_audit.audit_places()

    assert (mended, await world.holding("agent")) == (1, [])


async def test_the_audit_leaves_the_place_of_an_accepted_mail_taken(
    world: World, routing: Routing
) -> None:
    mail = await world.receive(state=State.ACCEPTED, owner_id="agent")
    await world.hire("agent", capacity=1, free=0, holding=[mail.id])

    mended = [await routing.place_audit.audit_places() for _ in range(2)]

    assert mended == [0, 0]


async def test_database_outage_breaks_off_no_invitation(
    world: World, routing: Routing, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.hire("agent", capacity=3)
    first, second, third = [await world.receive() for _ in range(3)]
    reserve = world.agents.reserve

    async def falter(interaction_id: str, *arguments: Any, **options: Any) -> str | None:
        if interaction_id == third.id:
            raise Unavailable("away")
        return await reserve(interaction_id, *arguments, **options)

    monkeypatch.setattr(type(world.agents), "reserve", staticmethod(falter))

    with pytest.raises(Unavailable, match="away"):
        _ = [bulk async for bulk in routing.offers.pass_through("support")]

    states = [(await world.interactions.get(mail.id)).state for mail in (first, second)]
    assert states == [State.INVITED, State.INVITED]


async def test_lost_race_for_a_mail_frees_the_place(
    world: World, routing: Routing, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.hire("agent", capacity=2)
    taken, left = [await world.receive() for _ in range(2)]
    reserve = world.agents.reserve

    async def overtaken(interaction_id: str, *arguments: Any, **options: Any) -> str | None:
        if interaction_id == taken.id:
            await world.database["interactions"].update_one(
                {"_id": taken.id}, {"$inc": {"version": 1}}
            )
        return await reserve(interaction_id, *arguments, **options)

    monkeypatch.setattr(type(world.agents), "reserve", staticmethod(overtaken))

    await fill(routing)

    assert await world.holding("agent") == [left.id]
    assert (await world.interactions.get(taken.id)).state == State.QUEUED
    assert (await world.hear(AgentInvited)).interaction_id == left.id
