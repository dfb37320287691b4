"""Invitations and work of an agent who is NotReady, logs out or vanishes."""

from datetime import timedelta
from typing import Any

import pytest

from services.routing.policy import Policy
from shared.contracts.events import (
    AgentInvited,
    AgentNotReady,
    InvitationRevoked,
    WorkbinItemAdded,
    WorkReclaimed,
)
from shared.domain.interaction import Interaction, Place
from shared.domain.lifecycle import Direction, State
from shared.storage.agents.presence_store import PresenceStore
from tests.connected.plans import plans_of
from tests.support.backend import Backend
from tests.support.routing import EXCLUSION, INVITATION, Routing, RoutingBy, fill, revoke

pytestmark = pytest.mark.connected

POLICY = Policy()


@pytest.fixture
def presence(backend: Backend) -> PresenceStore:
    """What the gateways write."""
    return PresenceStore(backend.database, backend.clock)


async def offered(backend: Backend, routing: Routing) -> Interaction:
    mail = await backend.add_mail()
    await fill(routing)
    await backend.next_event(AgentInvited)
    return mail


async def watched(backend: Backend, presence: PresenceStore, time: timedelta, *seen: str) -> None:
    """Let time pass while gateways look round and see some agents."""
    step = timedelta(seconds=15)
    for _ in range(time // step):
        backend.clock.move(step)
        await presence.record_connected(seen)


async def worked_on(backend: Backend, agent_id: str = "agent1", **fields: object) -> Interaction:
    return await backend.add_mail(
        **{"state": State.ACCEPTED, "owner_id": agent_id, "queue": "sales", **fields}
    )


def leaving(*, logged_out: bool) -> AgentNotReady:
    return AgentNotReady(agent_id="agent1", logged_out=logged_out)


@pytest.mark.parametrize(
    ("logged_out", "revokes", "state"),
    [
        (False, False, State.INVITED),
        (False, True, State.QUEUED),
        (True, False, State.QUEUED),
    ],
)
async def test_open_offer_survives_not_ready_unless_set_or_logged_out(
    backend: Backend, routing_by: RoutingBy, logged_out: bool, revokes: bool, state: State
) -> None:
    routing = await routing_by(Policy(revokes_when_not_ready=revokes))
    await backend.add_agent("agent1")
    mail = await offered(backend, routing)
    await backend.agents.set_ready("agent1", ready=False, logged_in=not logged_out)

    await routing.absent_agents.handle_not_ready(leaving(logged_out=logged_out))

    assert (await backend.interactions.get(mail.id)).state is state


async def test_not_ready_leaves_accepted_work_alone(backend: Backend, routing: Routing) -> None:
    await backend.add_agent("agent1", logged_in=True)
    mail = await worked_on(backend)
    await backend.agents.set_ready("agent1", ready=False)

    backend.clock.move(POLICY.absence)
    await routing.absent_agents.reclaim_from_absent()

    assert (await backend.interactions.get(mail.id)).owner_id == "agent1"


async def test_work_of_a_logged_out_agent_returns_to_its_place(
    backend: Backend, routing: Routing
) -> None:
    await backend.add_agent("agent1", ready=False)
    mail = await worked_on(backend)
    await backend.agents.set_ready("agent1", ready=False, logged_in=False)
    backend.clock.move(POLICY.absence - timedelta(seconds=1))
    await routing.absent_agents.reclaim_from_absent()
    assert (await backend.interactions.get(mail.id)).owner_id == "agent1"

    backend.clock.move(timedelta(seconds=1))
    await routing.absent_agents.reclaim_from_absent()

    after = await backend.interactions.get(mail.id)
    assert (after.state, after.owner_id) == (State.QUEUED, None)
    assert (after.queue, after.queued_at) == (mail.queue, mail.queued_at)
    assert (await backend.next_event(WorkReclaimed)).agent_id == "agent1"


async def test_draft_of_a_logged_out_agent_moves_to_the_workbin(
    backend: Backend, routing: Routing
) -> None:
    await backend.add_agent("agent1", ready=False)
    draft = await worked_on(backend, direction=Direction.OUTBOUND, state=State.REPLY_CREATED)
    await backend.agents.set_ready("agent1", ready=False, logged_in=False)

    backend.clock.move(POLICY.absence)
    await routing.absent_agents.reclaim_from_absent()

    after = await backend.interactions.get(draft.id)
    assert (after.state, after.place) == (State.IN_WORKBIN, Place("email.draft", "agent1"))
    await backend.next_event(WorkbinItemAdded)


async def test_agent_disconnected_for_a_minute_gets_no_offers(
    backend: Backend, routing: Routing, presence: PresenceStore
) -> None:
    await backend.add_agent("agent1", logged_in=True, state_since=backend.clock.now())
    await presence.record_connected({"agent1"})
    mail = await offered(backend, routing)

    await watched(backend, presence, POLICY.connection_loss)
    await routing.absent_agents.reclaim_from_absent()

    assert (await backend.next_event(AgentNotReady)).reason == "ConnectionLost"
    assert (await backend.next_event(InvitationRevoked)).interaction_id == mail.id
    agent = await backend.agents.get("agent1")
    assert agent is not None
    assert (agent.ready, agent.logged_in) == (False, True)


async def test_agent_away_for_ten_minutes_loses_the_work_too(
    backend: Backend, routing: Routing, presence: PresenceStore
) -> None:
    await backend.add_agent("agent1", ready=False, logged_in=True, state_since=backend.clock.now())
    mail = await worked_on(backend)
    await presence.record_connected({"agent1"})

    await watched(backend, presence, POLICY.absence)
    await routing.absent_agents.reclaim_from_absent()

    assert (await backend.interactions.get(mail.id)).state is State.QUEUED
    agent = await backend.agents.get("agent1")
    assert agent is not None
    assert not agent.logged_in


async def test_connected_agent_keeps_all_work(
    backend: Backend, routing: Routing, presence: PresenceStore
) -> None:
    await backend.add_agent("agent1", logged_in=True, state_since=backend.clock.now())
    mail = await worked_on(backend)

    await watched(backend, presence, POLICY.absence, "agent1")
    await routing.absent_agents.reclaim_from_absent()

    assert (await backend.interactions.get(mail.id)).owner_id == "agent1"


async def test_presence_gap_of_gateways_is_no_absence(
    backend: Backend, routing: Routing, presence: PresenceStore
) -> None:
    await backend.add_agent("agent1", logged_in=True, state_since=backend.clock.now())
    await presence.record_connected({"agent1"})
    backend.clock.move(timedelta(hours=1))
    await presence.record_connected(set())

    await routing.absent_agents.reclaim_from_absent()

    agent = await backend.agents.get("agent1")
    assert agent is not None
    assert agent.ready


async def test_work_untouched_for_hours_is_reclaimed(backend: Backend, routing: Routing) -> None:
    forgotten = await worked_on(backend)
    answered = await worked_on(backend)
    backend.clock.move(POLICY.idle)
    await worked_on(
        backend, direction=Direction.OUTBOUND, state=State.REPLY_CREATED, parent_id=answered.id
    )

    await routing.absent_agents.reclaim_untouched()

    states = [(await backend.interactions.get(one.id)).state for one in (forgotten, answered)]
    assert states == [State.QUEUED, State.ACCEPTED]


async def test_answers_to_untouched_work_are_found_by_index(
    backend: Backend, routing: Routing
) -> None:
    forgotten = [await worked_on(backend) for _ in range(3)]
    backend.clock.move(POLICY.idle)
    draft = {"direction": Direction.OUTBOUND, "state": State.REPLY_CREATED}
    await worked_on(backend, **draft, parent_id=forgotten[0].id)

    async with plans_of(backend.database, "interactions") as plans:
        await routing.absent_agents.reclaim_untouched()

    assert "DISTINCT_SCAN { parent_id: 1, changed_at: 1 }" in {plan.summary for plan in plans}


async def test_logged_out_agent_without_work_is_not_queried(
    backend: Backend, routing: Routing
) -> None:
    await worked_on(backend, "busy")
    await backend.add_agent("busy", logged_in=True)
    for number in range(30):
        left = {"logged_in": False, "state_since": backend.clock.now()}
        await backend.add_agent(f"agent{number}", ready=False, **left)
    backend.clock.move(POLICY.absence)

    async with plans_of(backend.database, "agents") as plans:
        await routing.absent_agents.reclaim_from_absent()

    assert sum(plan.examined for plan in plans) == 1


async def test_work_changed_meanwhile_is_not_reclaimed(
    backend: Backend, routing: Routing, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail = await worked_on(backend)
    backend.clock.move(POLICY.idle)
    change = backend.interactions.change

    async def later(interaction_id: str, *arguments: Any, **options: Any) -> Any:
        await backend.database["interactions"].update_one(
            {"_id": mail.id}, {"$set": {"owner_id": "agent2"}, "$inc": {"version": 1}}
        )
        return await change(interaction_id, *arguments, **options)

    monkeypatch.setattr(type(backend.interactions), "change", staticmethod(later))

    await routing.absent_agents.reclaim_untouched()

    kept = await backend.interactions.get(mail.id)
    assert (kept.state, kept.owner_id) == (State.ACCEPTED, "agent2")


@pytest.mark.parametrize(("limit", "ready"), [(2, False), (3, True), (0, True)])
async def test_misses_in_a_row_make_an_agent_not_ready(
    backend: Backend, routing_by: RoutingBy, limit: int, ready: bool
) -> None:
    routing = await routing_by(Policy(answer_grace=timedelta(), exclusion=EXCLUSION, misses=limit))
    await backend.add_agent("agent1")
    for _ in range(2):
        await offered(backend, routing)
        backend.clock.move(INVITATION)
        await revoke(routing)
        backend.clock.move(EXCLUSION)

    agent = await backend.agents.get("agent1")
    assert agent is not None
    assert agent.ready is ready


async def test_an_answer_between_two_misses_counts(backend: Backend) -> None:
    await backend.add_agent("agent1")
    now = backend.clock.now()
    await backend.agents.count_miss("agent1", now)

    await backend.agents.reset_misses("agent1")

    assert await backend.agents.count_miss("agent1", now) == 1


@pytest.mark.parametrize("returns", [False, True])
async def test_offers_of_before_a_pause_are_not_missed(
    backend: Backend, routing: Routing, returns: bool
) -> None:
    await backend.add_agent("agent1", capacity=2)
    await offered(backend, routing)
    await offered(backend, routing)
    backend.clock.move(INVITATION / 2)
    await backend.agents.set_ready("agent1", ready=False, reason="Lunch")
    if returns:
        await backend.agents.set_ready("agent1", ready=True)

    backend.clock.move(INVITATION / 2)
    await revoke(routing)

    agent = await backend.newest("agents", "agent1")
    assert (agent["ready"], agent["reason"], agent["misses"]) == (
        (True, "", 0) if returns else (False, "Lunch", 0)
    )
