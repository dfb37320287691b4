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
from tests.support.backend import Backend, cause
from tests.support.routing import (
    EXCLUSION,
    INVITATION,
    Routing,
    RoutingBy,
    fill,
    revoke,
)

pytestmark = pytest.mark.connected

SECOND = timedelta(seconds=1)


async def offered_to(backend: Backend, routing: Routing, agent_id: str) -> Interaction:
    await backend.add_agent(agent_id)
    mail = await backend.add_mail()
    await fill(routing)
    assert (await backend.next_event(AgentInvited)).agent_id == agent_id
    return mail


def accepting(mail: Interaction, agent_id: str) -> AcceptInvitation:
    return AcceptInvitation(interaction_id=mail.id, agent_id=agent_id)


async def test_an_accept_given_in_time_counts_however_late_it_is_handled(
    backend: Backend, routing: Routing
) -> None:
    mail = await offered_to(backend, routing, "early")
    given_at = backend.clock.now()
    backend.clock.move(INVITATION * 10)

    await routing.invitations.accept(accepting(mail, "early"), cause(), given_at)

    assert (await backend.interactions.get(mail.id)).owner_id == "early"


async def test_an_accept_given_in_time_counts_though_the_offer_was_revoked(
    backend: Backend, routing: Routing
) -> None:
    mail = await offered_to(backend, routing, "early")
    given_at = backend.clock.now()
    backend.clock.move(INVITATION)
    await revoke(routing)

    await routing.invitations.accept(accepting(mail, "early"), cause(), given_at)

    after = await backend.interactions.get(mail.id)
    assert (after.state, after.owner_id) == (State.ACCEPTED, "early")
    assert await backend.held_by("early") == [mail.id]


async def test_a_later_offer_is_revoked_where_the_earlier_accept_wins(
    backend: Backend, routing: Routing
) -> None:
    mail = await offered_to(backend, routing, "early")
    given_at = backend.clock.now()
    backend.clock.move(INVITATION)
    await backend.add_agent("next")
    await revoke(routing)
    assert (await backend.next_event(AgentInvited)).agent_id == "next"
    backend.take_events()

    await routing.invitations.accept(accepting(mail, "early"), cause(), given_at)

    assert (await backend.next_event(InvitationAccepted)).agent_id == "early"
    assert (await backend.next_event(InvitationRevoked)).agent_id == "next"
    assert (await backend.held_by("early"), await backend.held_by("next")) == ([mail.id], [])


async def test_earlier_accept_loses_to_a_handled_one(backend: Backend, routing: Routing) -> None:
    mail = await offered_to(backend, routing, "early")
    given_at = backend.clock.now()
    backend.clock.move(INVITATION)
    await backend.add_agent("next")
    await revoke(routing)
    await routing.invitations.accept(accepting(mail, "next"), cause(), backend.clock.now())

    with pytest.raises(OperationNotAllowedError):
        await routing.invitations.accept(accepting(mail, "early"), cause(), given_at)

    assert (await backend.interactions.get(mail.id)).owner_id == "next"


async def test_an_accept_given_after_the_offer_ended_is_refused(
    backend: Backend, routing: Routing
) -> None:
    mail = await offered_to(backend, routing, "late")
    backend.clock.move(INVITATION)
    await revoke(routing)

    with pytest.raises(OperationNotAllowedError):
        await routing.invitations.accept(accepting(mail, "late"), cause(), backend.clock.now())


async def test_a_revoke_waits_for_answers_that_are_on_their_way(
    backend: Backend, routing_by: RoutingBy
) -> None:
    routing = await routing_by(Policy(invitation=INVITATION, answer_grace=3 * SECOND))
    await offered_to(backend, routing, "agent")
    backend.clock.move(INVITATION + 2 * SECOND)
    within = await revoke(routing)
    backend.clock.move(SECOND)

    assert (within, await revoke(routing)) == (0, 1)


async def misses(backend: Backend, agent_id: str) -> int:
    return int((await backend.newest("agents", agent_id)).get("misses", 0))


async def test_unpublished_offer_is_no_miss_and_excludes_nobody(
    backend: Backend, routing: Routing
) -> None:
    mail = await offered_to(backend, routing, "agent")
    owed = {"id": "1", "key": "interaction.invited.v1.agent", "at": backend.clock.now()}
    await backend.database["interactions"].update_one({"_id": mail.id}, {"$push": {"outbox": owed}})
    backend.clock.move(INVITATION)

    await revoke(routing)

    assert (await backend.next_event(AgentInvited)).agent_id == "agent"
    assert await misses(backend, "agent") == 0


@pytest.mark.parametrize(("unseen_for", "expected"), [(15 * SECOND, 1), (21 * SECOND, 0)])
async def test_an_agent_whom_no_gateway_saw_misses_nothing(
    backend: Backend, routing: Routing, unseen_for: timedelta, expected: int
) -> None:
    await offered_to(backend, routing, "agent")
    backend.clock.move(INVITATION)
    await backend.database["agents"].update_one(
        {"_id": "agent"}, {"$set": {"connected_at": backend.clock.now() - unseen_for}}
    )

    await revoke(routing)

    assert await misses(backend, "agent") == expected


async def test_an_answer_we_could_not_take_is_no_miss(backend: Backend, routing: Routing) -> None:
    await offered_to(backend, routing, "agent")
    await PresenceStore(backend.database, backend.clock).excuse("agent")
    backend.clock.move(INVITATION * 3)

    await revoke(routing)
    assert await misses(backend, "agent") == 0

    backend.clock.move(EXCLUSION)
    await fill(routing)
    backend.clock.move(INVITATION)
    await revoke(routing)
    assert await misses(backend, "agent") == 1
