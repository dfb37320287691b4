"""How long an offer stands: the agent's own time, and an extension against a revocation."""

import asyncio
from datetime import timedelta

import pytest

from shared.contracts.commands import AcceptInvitation, ExtendInvitation, TransferInteraction
from shared.contracts.events import AgentInvited, InvitationExtended
from shared.domain.errors import OperationNotAllowedError
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import State
from shared.storage.agents.presence_store import PresenceStore
from tests.support.backend import Backend, cause
from tests.support.routing import INVITATION, Routing, fill, revoke

pytestmark = pytest.mark.connected

OWN = timedelta(seconds=90)
SECOND = timedelta(seconds=1)


@pytest.fixture
async def offered(backend: Backend, routing: Routing) -> Interaction:
    """A mail that is offered to an agent with a time of their own."""
    await backend.add_agent("slow", invitation="PT90S")
    mail = await backend.add_mail()
    await fill(routing)
    await backend.next_event(AgentInvited)
    return mail


def more_time(mail: Interaction, agent_id: str = "slow") -> ExtendInvitation:
    return ExtendInvitation(interaction_id=mail.id, agent_id=agent_id)


async def ends(backend: Backend, mail: Interaction) -> timedelta:
    invitation = (await backend.interactions.get(mail.id)).invitation
    assert invitation is not None
    return invitation.expires_at - backend.clock.now()


async def test_offer_stands_for_the_agents_own_time(
    backend: Backend, routing: Routing, offered: Interaction
) -> None:
    await backend.add_agent("other")
    accept = AcceptInvitation(interaction_id=offered.id, agent_id="slow")

    by_queue = await ends(backend, offered)
    await routing.invitations.accept(accept, cause(), backend.clock.now())
    handing_on = {"interaction_id": offered.id, "agent_id": "slow", "to_agent_id": "other"}
    await routing.transfers.transfer(TransferInteraction(**handing_on), cause())
    to_other = await ends(backend, offered)
    accept = AcceptInvitation(interaction_id=offered.id, agent_id="other")
    await routing.invitations.accept(accept, cause(), backend.clock.now())
    handing_back = {"interaction_id": offered.id, "agent_id": "other", "to_agent_id": "slow"}
    await routing.transfers.transfer(TransferInteraction(**handing_back), cause())

    assert (by_queue, to_other, await ends(backend, offered)) == (OWN, INVITATION, OWN)


async def test_extension_adds_the_agents_own_time_once(
    backend: Backend, routing: Routing, offered: Interaction
) -> None:
    backend.clock.move(OWN - SECOND)
    await routing.invitations.extend(more_time(offered), once := cause(), backend.clock.now())
    await routing.invitations.extend(more_time(offered), once, backend.clock.now())

    with pytest.raises(OperationNotAllowedError):
        await routing.invitations.extend(more_time(offered), cause(), backend.clock.now())

    assert (await backend.next_event(InvitationExtended)).agent_id == "slow"
    assert await ends(backend, offered) == OWN + SECOND
    assert await revoke(routing) == 0


async def test_extension_given_in_time_wins_until_it_is_revoked(
    backend: Backend, routing: Routing, offered: Interaction
) -> None:
    given_at = backend.clock.now()
    backend.clock.move(OWN + SECOND)

    await routing.invitations.extend(more_time(offered), cause(), given_at)

    assert await revoke(routing) == 0
    assert await ends(backend, offered) == OWN - SECOND


async def test_extension_after_the_revocation_loses_and_changes_nothing(
    backend: Backend, routing: Routing, offered: Interaction
) -> None:
    given_at = backend.clock.now()
    backend.clock.move(OWN)
    await revoke(routing)
    before = await backend.interactions.get(offered.id)

    with pytest.raises(OperationNotAllowedError):
        await routing.invitations.extend(more_time(offered), cause(), given_at)

    assert await backend.interactions.get(offered.id) == before
    assert before.state is State.QUEUED


async def test_extension_beside_a_revocation_has_one_winner(
    backend: Backend, routing: Routing, offered: Interaction
) -> None:
    before = await backend.interactions.get(offered.id)
    given_at = backend.clock.now()
    backend.clock.move(OWN)

    extension, _ = await asyncio.gather(
        routing.invitations.extend(more_time(offered), cause(), given_at),
        routing.revocations.revoke_unanswered(),
        return_exceptions=True,
    )

    after = await backend.interactions.get(offered.id)
    if extension is None:
        assert (after.state, await ends(backend, offered)) == (State.INVITED, OWN)
    else:
        assert isinstance(extension, OperationNotAllowedError)
        assert (after.state, after.version) == (State.QUEUED, before.version + 1)


async def test_fault_of_ours_in_an_extended_offer_is_no_miss(
    backend: Backend, routing: Routing, offered: Interaction
) -> None:
    await PresenceStore(backend.database, backend.clock).excuse("slow")
    backend.clock.move(SECOND)
    await routing.invitations.extend(more_time(offered), cause(), backend.clock.now())
    backend.clock.move(OWN * 2)

    await revoke(routing)

    agent = await backend.newest("agents", "slow")
    assert agent.get("misses", 0) == 0


@pytest.mark.usefixtures("offered")
async def test_long_offer_of_one_agent_excuses_no_other(backend: Backend, routing: Routing) -> None:
    await backend.add_agent("quick")
    await PresenceStore(backend.database, backend.clock).excuse("quick")
    backend.clock.move(OWN - INVITATION)
    await backend.add_mail()
    await fill(routing)
    assert (await backend.next_event(AgentInvited)).agent_id == "quick"
    backend.clock.move(INVITATION)

    assert await revoke(routing) == 2

    assert (await backend.newest("agents", "quick")).get("misses") == 1


@pytest.mark.parametrize("is_earlier_release", [False, True])
async def test_offer_begins_when_it_was_made_whatever_settings_say(
    backend: Backend, routing: Routing, offered: Interaction, *, is_earlier_release: bool
) -> None:
    # Today's settings would have it begin a minute later, after the fault of ours.
    settings = {"$set": {"invitation": "PT30S"}}
    await backend.database["agents"].update_one({"_id": "slow"}, settings)
    if is_earlier_release:
        unknown = {"$unset": {"offered_at": ""}}
        await backend.database["interactions"].update_one({"_id": offered.id}, unknown)
    backend.clock.move(SECOND)
    await PresenceStore(backend.database, backend.clock).excuse("slow")
    backend.clock.move(OWN)

    await revoke(routing)

    misses = (await backend.newest("agents", "slow")).get("misses", 0)
    assert misses == (1 if is_earlier_release else 0)
