"""An answer counts from the moment it was given, and nobody misses what could not be answered."""

from datetime import timedelta

import pytest

from services.routing.policy import Policy
from shared.contracts.commands import AcceptInvitation
from shared.contracts.events import AgentInvited, InvitationAccepted, InvitationRevoked
from shared.domain.errors import OperationNotAllowedError
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import State
from shared.storage.agents.presence_store import PresenceStore
from tests.support.routing import (
    EXCLUSION,
    INVITATION,
    Routing,
    RoutingBy,
    fill,
    revoke,
)
from tests.support.world import World, cause

pytestmark = pytest.mark.connected

SECOND = timedelta(seconds=1)


async def offered_to(world: World, routing: Routing, agent_id: str) -> Interaction:
    await world.hire(agent_id)
    mail = await world.receive()
    await fill(routing)
    assert (await world.hear(AgentInvited)).agent_id == agent_id
    return mail


def accepting(mail: Interaction, agent_id: str) -> AcceptInvitation:
    return AcceptInvitation(interaction_id=mail.id, agent_id=agent_id)


async def test_an_accept_given_in_time_counts_however_late_it_is_handled(
    world: World, routing: Routing
) -> None:
    mail = await offered_to(world, routing, "early")
    given_at = world.clock.now()
    world.clock.move(INVITATION * 10)

    await routing.invitations.accept(accepting(mail, "early"), cause(), given_at)

    assert (await world.interactions.get(mail.id)).owner_id == "early"


async def test_an_accept_given_in_time_counts_though_the_offer_was_revoked(
    world: World, routing: Routing
) -> None:
    mail = await offered_to(world, routing, "early")
    given_at = world.clock.now()
    world.clock.move(INVITATION)
    await revoke(routing)

    await routing.invitations.accept(accepting(mail, "early"), cause(), given_at)

    after = await world.interactions.get(mail.id)
    assert (after.state, after.owner_id) == (State.ACCEPTED, "early")
    assert await world.holding("early") == [mail.id]


async def test_a_later_offer_is_revoked_where_the_earlier_accept_wins(
    world: World, routing: Routing
) -> None:
    mail = await offered_to(world, routing, "early")
    given_at = world.clock.now()
    world.clock.move(INVITATION)
    await world.hire("next")
    await revoke(routing)
    assert (await world.hear(AgentInvited)).agent_id == "next"
    world.heard_so_far()

    await routing.invitations.accept(accepting(mail, "early"), cause(), given_at)

    assert (await world.hear(InvitationAccepted)).agent_id == "early"
    assert (await world.hear(InvitationRevoked)).agent_id == "next"
    assert (await world.holding("early"), await world.holding("next")) == ([mail.id], [])


async def test_earlier_accept_loses_to_a_handled_one(world: World, routing: Routing) -> None:
    mail = await offered_to(world, routing, "early")
    given_at = world.clock.now()
    world.clock.move(INVITATION)
    await world.hire("next")
    await revoke(routing)
    await routing.invitations.accept(accepting(mail, "next"), cause(), world.clock.now())

    with pytest.raises(OperationNotAllowedError):
        await routing.invitations.accept(accepting(mail, "early"), cause(), given_at)

    assert (await world.interactions.get(mail.id)).owner_id == "next"


async def test_an_accept_given_after_the_offer_ended_is_refused(
    world: World, routing: Routing
) -> None:
    mail = await offered_to(world, routing, "late")
    world.clock.move(INVITATION)
    await revoke(routing)

    with pytest.raises(OperationNotAllowedError):
        await routing.invitations.accept(accepting(mail, "late"), cause(), world.clock.now())


async def test_a_revoke_waits_for_answers_that_are_on_their_way(
    world: World, routing_by: RoutingBy
) -> None:
    routing = await routing_by(Policy(invitation=INVITATION, answer_grace=3 * SECOND))
    await offered_to(world, routing, "agent")
    world.clock.move(INVITATION + 2 * SECOND)
    within = await revoke(routing)
    world.clock.move(SECOND)

    assert (within, await revoke(routing)) == (0, 1)


async def misses(world: World, agent_id: str) -> int:
    return int((await world.newest("agents", agent_id)).get("misses", 0))


async def test_unpublished_offer_is_no_miss_and_excludes_nobody(
    world: World, routing: Routing
) -> None:
    mail = await offered_to(world, routing, "agent")
    owed = {"id": "1", "key": "interaction.invited.v1.agent", "at": world.clock.now()}
    await world.database["interactions"].update_one({"_id": mail.id}, {"$push": {"outbox": owed}})
    world.clock.move(INVITATION)

    await revoke(routing)

    assert (await world.hear(AgentInvited)).agent_id == "agent"
    assert await misses(world, "agent") == 0


@pytest.mark.parametrize(("unseen_for", "expected"), [(15 * SECOND, 1), (21 * SECOND, 0)])
async def test_an_agent_whom_no_gateway_saw_misses_nothing(
    world: World, routing: Routing, unseen_for: timedelta, expected: int
) -> None:
    await offered_to(world, routing, "agent")
    world.clock.move(INVITATION)
    await world.database["agents"].update_one(
        {"_id": "agent"}, {"$set": {"connected_at": world.clock.now() - unseen_for}}
    )

    await revoke(routing)

    assert await misses(world, "agent") == expected


async def test_an_answer_we_could_not_take_is_no_miss(world: World, routing: Routing) -> None:
    await offered_to(world, routing, "agent")
    await PresenceStore(world.database, world.clock).excuse("agent")
    world.clock.move(INVITATION * 3)

    await revoke(routing)
    assert await misses(world, "agent") == 0

    world.clock.move(EXCLUSION)
    await fill(routing)
    world.clock.move(INVITATION)
    await revoke(routing)
    assert await misses(world, "agent") == 1
