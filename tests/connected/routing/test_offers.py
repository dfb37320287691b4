"""Mails are offered to the right agents."""

import asyncio
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest

from services.routing.store import MOST_NEEDS
from shared.contracts.contact_center import Queue
from shared.contracts.envelope import Cause
from shared.contracts.events import AgentInvited, InvitationRevoked
from shared.domain.errors import Unavailable
from shared.domain.ids import new_id
from shared.domain.lifecycle import State
from shared.storage.agents.agent_store import Reservation
from shared.storage.interactions import interaction_store
from tests.connected.plans import plans_of
from tests.support.backend import CENTER, Backend
from tests.support.routing import (
    EXCLUSION,
    INVITATION,
    Routing,
    fill,
    fill_all,
    fill_for,
    revoke,
)

pytestmark = pytest.mark.connected


async def test_the_longest_idle_ready_agent_is_invited(backend: Backend, routing: Routing) -> None:
    await backend.add_agent("busy", capacity=1, free=0)
    await backend.add_agent("absent", ready=False)
    await backend.add_agent("idle")
    backend.clock.move(timedelta(minutes=1))
    await backend.add_agent("fresh")
    mail = await backend.add_mail()

    await fill(routing)

    invited = await backend.next_event(AgentInvited)
    assert (invited.agent_id, invited.interaction_id) == ("idle", mail.id)


async def test_mails_are_spread_over_the_agents_who_have_room(
    backend: Backend, routing: Routing
) -> None:
    for name in ("anna", "ben", "cleo"):
        await backend.add_agent(name, capacity=3)
        backend.clock.move(timedelta(minutes=1))
    for _ in range(3):
        await backend.add_mail()

    await fill(routing)

    assert [len(await backend.held_by(name)) for name in ("anna", "ben", "cleo")] == [1, 1, 1]


async def test_agent_at_capacity_is_not_invited(backend: Backend, routing: Routing) -> None:
    await backend.add_agent("agent", capacity=2)
    mails = [await backend.add_mail() for _ in range(3)]

    await fill(routing)

    states = [(await backend.interactions.get(mail.id)).state for mail in mails]
    assert states == [State.INVITED, State.INVITED, State.QUEUED]


async def test_an_agent_without_the_skill_is_passed_over(
    backend: Backend, routing: Routing
) -> None:
    german = Queue(name="support", requires={"german": 3})
    queues = (german, *CENTER.queues[1:])
    await backend.configuration.write(CENTER.model_copy(update={"queues": queues}))
    await backend.add_agent("learner", skills={"german": 2})
    backend.clock.move(timedelta(minutes=1))
    await backend.add_agent("speaker", skills={"german": 4})
    await backend.add_mail()

    await fill(routing)

    assert (await backend.next_event(AgentInvited)).agent_id == "speaker"


async def test_mail_with_priority_overtakes_older_ones(backend: Backend, routing: Routing) -> None:
    older = await backend.add_mail()
    backend.clock.move(timedelta(minutes=29))
    urgent = await backend.add_mail(priority=1)
    backend.clock.move(timedelta(minutes=31))
    await backend.add_mail(priority=1)
    await backend.add_agent("agent", capacity=2)

    await fill(routing)

    offered = [(await backend.next_event(AgentInvited)).interaction_id for _ in range(2)]
    assert offered == [urgent.id, older.id]


async def test_mail_waits_for_the_skills_that_it_needs(backend: Backend, routing: Routing) -> None:
    needs_german = [await backend.add_mail(needs={"german": 2}) for _ in range(3)]
    needs_french = await backend.add_mail(needs={"french": 1})
    plain = await backend.add_mail()
    await backend.add_agent("learner", skills={"german": 1, "french": 1}, capacity=5)

    await fill(routing)
    states = [
        (await backend.interactions.get(one.id)).state
        for one in (*needs_german, needs_french, plain)
    ]
    await backend.add_agent("speaker", skills={"german": 2})
    await fill(routing)

    assert states == [*[State.QUEUED] * 3, State.INVITED, State.INVITED]
    first = await backend.interactions.get(needs_german[0].id)
    assert first.holder_id == "speaker"


async def test_mails_with_unmet_needs_are_looked_at_once(
    backend: Backend, routing: Routing
) -> None:
    for _ in range(60):
        await backend.add_mail(needs={"german": 2})
    plain = await backend.add_mail()
    await backend.add_agent("agent", capacity=2)

    with patch.object(backend.agents, "reserve", wraps=backend.agents.reserve) as reserve:
        await fill(routing)

    assert (await backend.next_event(AgentInvited)).interaction_id == plain.id
    assert reserve.await_count <= 4


async def test_many_sets_of_unmet_needs_cost_few_commands(
    backend: Backend, routing: Routing
) -> None:
    words = "abcdef"
    for number in range(1, 2 ** len(words)):
        needs = {word: 1 for at, word in enumerate(words) if number >> at & 1}
        await backend.add_mail(needs=needs)
    plain = await backend.add_mail()
    await backend.add_agent("agent", capacity=2)

    with patch.object(backend.agents, "reserve", wraps=backend.agents.reserve) as reserve:
        async with plans_of(backend.database, interaction_store.COLLECTION) as reads:
            await fill(routing)

    assert (await backend.next_event(AgentInvited)).interaction_id == plain.id
    assert reserve.await_count <= 4
    assert len(reads) <= 12


async def test_a_mail_behind_very_many_sets_of_needs_is_offered(
    backend: Backend, routing: Routing
) -> None:
    sets = [{f"a{number:03}": 1} for number in range(MOST_NEEDS + 5)]
    await asyncio.gather(*(backend.add_mail(needs=needs) for needs in sets))
    wanted = await backend.add_mail(needs={"zulu": 1})
    plain = await backend.add_mail()
    await backend.add_agent("speaker", skills={"zulu": 1}, capacity=2)

    with patch.object(backend.agents, "reserve", wraps=backend.agents.reserve) as reserve:
        await fill(routing)

    offered = [(await backend.next_event(AgentInvited)).interaction_id for _ in range(2)]
    assert offered == [wanted.id, plain.id]
    assert reserve.await_count <= 5


async def test_a_pass_can_be_broken_off_after_each_mail(backend: Backend, routing: Routing) -> None:
    taken = await backend.add_mail(needs={"german": 1})
    for number in range(5):
        await backend.add_mail(needs={f"a{number}": 1})
    await backend.add_agent("speaker", skills={"german": 1}, capacity=2)

    async with aclosing(routing.offers.pass_through("support")) as steps:
        async for invited in steps:
            assert invited == 0
            break

    assert await backend.held_by("speaker") == [taken.id]
    assert (await backend.next_event(AgentInvited)).interaction_id == taken.id


async def test_the_backlog_drains_in_its_order_when_an_agent_becomes_ready(
    backend: Backend, routing: Routing
) -> None:
    await backend.add_agent("agent", ready=False, capacity=2)
    mails = []
    for _ in range(3):
        mails.append(await backend.add_mail())
        backend.clock.move(timedelta(seconds=1))
    await fill(routing)

    await backend.agents.set_ready("agent", ready=True)
    await fill_for(routing, "agent")

    offered = {(await backend.next_event(AgentInvited)).interaction_id for _ in range(2)}
    assert offered == {mails[0].id, mails[1].id}


async def test_an_invitation_nobody_answers_goes_to_the_next_agent(
    backend: Backend, routing: Routing
) -> None:
    await backend.add_agent("first")
    backend.clock.move(timedelta(seconds=1))
    await backend.add_agent("second")
    mail = await backend.add_mail()
    await fill(routing)

    backend.clock.move(INVITATION)
    await revoke(routing)

    assert (await backend.next_event(AgentInvited)).agent_id == "first"
    assert (await backend.next_event(InvitationRevoked)).agent_id == "first"
    assert (await backend.next_event(AgentInvited)).agent_id == "second"
    assert await backend.held_by("first") == []
    assert (await backend.interactions.get(mail.id)).queued_at == mail.queued_at


async def test_a_mail_that_no_message_brought_is_revoked_like_any_other(
    backend: Backend, routing: Routing
) -> None:
    await backend.add_agent("agent")
    mail = replace(await backend.add_mail(), id=new_id())
    await backend.interactions.add(mail, Cause(), [])
    await backend.add_agent("other")
    await fill(routing)

    backend.clock.move(INVITATION)

    assert await revoke(routing) == 2


async def test_an_answered_invitation_is_not_revoked(backend: Backend, routing: Routing) -> None:
    await backend.add_agent("agent")
    await backend.add_mail()
    await fill(routing)

    backend.clock.move(INVITATION - timedelta(seconds=1))

    assert await revoke(routing) == 0


async def test_a_lone_agent_is_offered_the_mail_again_after_a_while(
    backend: Backend, routing: Routing
) -> None:
    await backend.add_agent("lone")
    await backend.add_mail()
    await fill(routing)
    backend.clock.move(INVITATION)
    await revoke(routing)
    backend.take_events()

    await fill_all(routing)
    backend.clock.move(EXCLUSION)
    await fill_all(routing)

    assert (await backend.next_event(AgentInvited)).agent_id == "lone"


async def test_a_mail_that_was_refused_does_not_hold_up_those_behind_it(
    backend: Backend, routing: Routing
) -> None:
    await backend.add_agent("agent")
    await backend.add_mail()
    await fill(routing)
    backend.clock.move(INVITATION)
    behind = await backend.add_mail()

    await revoke(routing)

    await backend.next_event(InvitationRevoked)
    assert (await backend.next_event(AgentInvited)).interaction_id == behind.id


async def test_concurrent_requests_invite_each_mail_once(
    backend: Backend, routing: Routing
) -> None:
    for number in range(10):
        await backend.add_agent(f"agent{number}", capacity=3)
    mails = [await backend.add_mail() for _ in range(20)]

    await asyncio.gather(*(fill(routing) for _ in range(20)))

    invited = [(await backend.next_event(AgentInvited)).interaction_id for _ in mails]
    assert sorted(invited) == sorted(mail.id for mail in mails)
    holding = [len(await backend.held_by(f"agent{number}")) for number in range(10)]
    assert sum(holding) == 20


async def test_places_that_follow_no_interaction_are_given_back(
    backend: Backend, routing: Routing
) -> None:
    await backend.add_agent("agent", holding=["0000000000000000"], free=0)

    await routing.place_audit.audit_places()
    mended = await routing.place_audit.audit_places()

    assert (mended, await backend.held_by("agent")) == (1, [])


async def test_the_audit_leaves_the_place_of_an_accepted_mail_taken(
    backend: Backend, routing: Routing
) -> None:
    mail = await backend.add_mail(state=State.ACCEPTED, owner_id="agent")
    await backend.add_agent("agent", capacity=1, free=0, holding=[mail.id])

    mended = [await routing.place_audit.audit_places() for _ in range(2)]

    assert mended == [0, 0]


async def test_database_outage_breaks_off_no_invitation(
    backend: Backend, routing: Routing, monkeypatch: pytest.MonkeyPatch
) -> None:
    await backend.add_agent("agent", capacity=3)
    first, second, third = [await backend.add_mail() for _ in range(3)]
    reserve = backend.agents.reserve

    async def falter(interaction_id: str, *arguments: Any, **options: Any) -> Reservation | None:
        if interaction_id == third.id:
            raise Unavailable("away")
        return await reserve(interaction_id, *arguments, **options)

    monkeypatch.setattr(type(backend.agents), "reserve", staticmethod(falter))

    with pytest.raises(Unavailable, match="away"):
        _ = [bulk async for bulk in routing.offers.pass_through("support")]

    states = [(await backend.interactions.get(mail.id)).state for mail in (first, second)]
    assert states == [State.INVITED, State.INVITED]


async def test_lost_race_for_a_mail_frees_the_place(
    backend: Backend, routing: Routing, monkeypatch: pytest.MonkeyPatch
) -> None:
    await backend.add_agent("agent", capacity=2)
    taken, left = [await backend.add_mail() for _ in range(2)]
    reserve = backend.agents.reserve

    async def overtaken(interaction_id: str, *arguments: Any, **options: Any) -> Reservation | None:
        if interaction_id == taken.id:
            await backend.database["interactions"].update_one(
                {"_id": taken.id}, {"$inc": {"version": 1}}
            )
        return await reserve(interaction_id, *arguments, **options)

    monkeypatch.setattr(type(backend.agents), "reserve", staticmethod(overtaken))

    await fill(routing)

    assert await backend.held_by("agent") == [left.id]
    assert (await backend.interactions.get(taken.id)).state == State.QUEUED
    assert (await backend.next_event(AgentInvited)).interaction_id == left.id
