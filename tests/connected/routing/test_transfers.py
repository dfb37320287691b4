"""Work changes hands: to queues, skills and workbins, out of workbins, and back to its sender."""

import asyncio
from datetime import timedelta

import pytest

from services.routing.policy import Policy
from shared.contracts.commands import (
    AcceptInvitation,
    PlaceInQueue,
    PlaceInWorkbin,
    PullInteraction,
    RejectInvitation,
    TransferInteraction,
)
from shared.contracts.events import (
    AgentInvited,
    InteractionTransferred,
    InvitationAccepted,
    InvitationRevoked,
    PlacedInWorkbin,
    ReplyCreated,
    WorkbinItemAdded,
    WorkbinItemRemoved,
)
from shared.domain.errors import NotOwnerError, Refused
from shared.domain.interaction import Interaction, Place
from shared.domain.lifecycle import Direction, State
from tests.support.routing import EXCLUSION, INVITATION, Routing, RoutingBy, fill, revoke
from tests.support.world import World, cause

pytestmark = pytest.mark.connected

OWN = Place("email.draft", "agent1")
SHARED = Place("team", "support", of_group=True)


@pytest.fixture
async def mail(world: World) -> Interaction:
    """A mail that agent1 works on, with agent2 beside."""
    stored = await world.receive(state=State.ACCEPTED, owner_id="agent1")
    await world.hire("agent1", holding=[stored.id], free=0)
    await world.hire("agent2")
    return stored


@pytest.fixture
async def draft(world: World) -> Interaction:
    """A draft of agent1, with agent2 beside."""
    await world.hire("agent1")
    await world.hire("agent2")
    return await world.receive(
        direction=Direction.OUTBOUND, state=State.REPLY_CREATED, owner_id="agent1"
    )


def placing(mail: Interaction, place: Place = OWN) -> PlaceInWorkbin:
    return PlaceInWorkbin(
        interaction_id=mail.id,
        agent_id="agent1",
        workbin=place.workbin,
        owner=place.owner,
        of_group=place.of_group,
    )


def pulling(mail: Interaction, agent_id: str = "agent1") -> PullInteraction:
    return PullInteraction(interaction_id=mail.id, agent_id=agent_id)


def transferring(mail: Interaction, **target: str) -> TransferInteraction:
    return TransferInteraction(interaction_id=mail.id, agent_id="agent1", **target)


async def test_mail_put_into_a_workbin_frees_the_place(
    world: World, routing: Routing, mail: Interaction
) -> None:
    await routing.transfers.place_in_workbin(placing(mail), cause())

    after = await world.interactions.get(mail.id)
    assert (after.state, after.owner_id, after.place) == (State.IN_WORKBIN, None, OWN)
    assert await world.holding("agent1") == []
    heard = {type(await world.hear(PlacedInWorkbin | WorkbinItemAdded)) for _ in range(2)}  # type: ignore[arg-type]
    assert heard == {PlacedInWorkbin, WorkbinItemAdded}


async def test_mail_pulled_from_a_workbin_is_owned(
    world: World, routing: Routing, mail: Interaction
) -> None:
    await routing.transfers.place_in_workbin(placing(mail), cause())

    await routing.transfers.pull(pulling(mail), cause())

    after = await world.interactions.get(mail.id)
    assert (after.state, after.owner_id, after.place) == (State.ACCEPTED, "agent1", None)
    assert await world.holding("agent1") == [mail.id]
    await world.hear(WorkbinItemRemoved)


async def test_a_draft_that_is_taken_out_is_a_draft_again(
    world: World, routing: Routing, draft: Interaction
) -> None:
    await routing.transfers.place_in_workbin(placing(draft), cause())

    await routing.transfers.pull(pulling(draft), cause())

    assert (await world.hear(ReplyCreated)).interaction_id == draft.id
    assert (await world.interactions.get(draft.id)).state is State.REPLY_CREATED
    assert await world.holding("agent1") == []


async def test_fifty_concurrent_pulls_let_one_win(
    world: World, routing: Routing, mail: Interaction
) -> None:
    await routing.transfers.place_in_workbin(placing(mail, SHARED), cause())
    names = [f"agent{number}" for number in range(3, 53)]
    for name in names:
        await world.hire(name)

    tries = (routing.transfers.pull(pulling(mail, name), cause()) for name in names)
    results = await asyncio.gather(*tries, return_exceptions=True)

    assert (results.count(None), sum(isinstance(one, Refused) for one in results)) == (1, 49)
    winner = names[results.index(None)]
    assert (await world.interactions.get(mail.id)).owner_id == winner


async def test_group_workbin_is_open_to_its_agents_only(
    world: World, routing: Routing, mail: Interaction
) -> None:
    await routing.transfers.place_in_workbin(placing(mail, SHARED), cause())
    await world.hire("stranger", queues=["sales"])

    with pytest.raises(NotOwnerError):
        await routing.transfers.pull(pulling(mail, "stranger"), cause())

    assert (await world.interactions.get(mail.id)).state is State.IN_WORKBIN


async def test_a_draft_in_a_queue_is_offered_and_accepted_as_a_draft(
    world: World, routing: Routing, draft: Interaction
) -> None:
    await world.agents.set_ready("agent1", ready=False)
    queueing = PlaceInQueue(interaction_id=draft.id, agent_id="agent1", queue="sales")
    await routing.transfers.place_in_queue(queueing, cause())
    await fill(routing, "sales")

    invited = await world.hear(AgentInvited)
    accepting = AcceptInvitation(interaction_id=draft.id, agent_id=invited.agent_id)
    await routing.invitations.accept(accepting, cause(), world.clock.now())

    after = await world.interactions.get(draft.id)
    assert (after.state, after.owner_id) == (State.REPLY_CREATED, "agent2")
    assert await world.holding("agent2") == []


async def test_transfer_to_a_queue_passes_over_its_sender(
    world: World, routing: Routing, mail: Interaction
) -> None:
    await routing.transfers.transfer(transferring(mail, to_queue="sales"), cause())

    assert (await world.hear(InteractionTransferred)).agent_id == "agent1"
    assert (await world.hear(AgentInvited)).agent_id == "agent2"
    assert (await world.interactions.get(mail.id)).queue == "sales"


async def test_transfer_to_a_skill_ignores_queues(
    world: World, routing: Routing, mail: Interaction
) -> None:
    await world.hire("speaker", skills={"german": 2}, queues=[])

    await routing.transfers.transfer(transferring(mail, to_skill="german"), cause())

    assert (await world.hear(AgentInvited)).agent_id == "speaker"


async def test_mail_for_an_unavailable_skill_blocks_no_other(
    world: World, routing: Routing, mail: Interaction
) -> None:
    await routing.transfers.transfer(transferring(mail, to_skill="klingon"), cause())
    behind = await world.receive()

    await fill(routing)

    assert (await world.hear(AgentInvited)).interaction_id == behind.id


async def test_rejected_transfer_prefers_its_sender(
    world: World, routing: Routing, mail: Interaction
) -> None:
    await world.hire("idle")
    await routing.transfers.transfer(transferring(mail, to_agent_id="agent2"), cause())
    await world.hear(AgentInvited)

    rejecting = RejectInvitation(interaction_id=mail.id, agent_id="agent2")
    await routing.invitations.reject(rejecting, cause())

    assert (await world.hear(AgentInvited)).agent_id == "agent1"


async def test_missed_transfer_prefers_its_sender(
    world: World, routing: Routing, mail: Interaction
) -> None:
    await world.hire("idle")
    await routing.transfers.transfer(transferring(mail, to_agent_id="agent2"), cause())
    await world.hear(AgentInvited)

    world.clock.move(INVITATION)
    await revoke(routing)

    assert (await world.hear(InvitationRevoked)).agent_id == "agent2"
    assert (await world.hear(AgentInvited)).agent_id == "agent1"


async def test_rejected_transfer_returns_to_its_sender_by_policy(
    world: World, routing_by: RoutingBy, mail: Interaction
) -> None:
    routing = await routing_by(Policy(exclusion=EXCLUSION, returns_to_sender=True))
    await routing.transfers.transfer(transferring(mail, to_agent_id="agent2"), cause())

    rejecting = RejectInvitation(interaction_id=mail.id, agent_id="agent2")
    await routing.invitations.reject(rejecting, cause())

    assert (await world.hear(InvitationAccepted)).agent_id == "agent1"
    assert (await world.interactions.get(mail.id)).owner_id == "agent1"
    assert (await world.holding("agent1"), await world.holding("agent2")) == ([mail.id], [])


async def test_rejected_draft_is_offered_to_no_other_agent(
    world: World, routing: Routing, draft: Interaction
) -> None:
    await routing.transfers.transfer(transferring(draft, to_agent_id="agent2"), cause())

    world.clock.move(timedelta(minutes=1))
    await revoke(routing)

    assert (await world.hear(ReplyCreated)).agent_id == "agent1"
    after = await world.interactions.get(draft.id)
    assert (after.state, after.owner_id) == (State.REPLY_CREATED, "agent1")
