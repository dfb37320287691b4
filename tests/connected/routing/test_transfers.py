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
from tests.support.backend import Backend, cause
from tests.support.routing import EXCLUSION, INVITATION, Routing, RoutingBy, fill, revoke

pytestmark = pytest.mark.connected

OWN = Place("email.draft", "agent1")
SHARED = Place("team", "support", of_group=True)


@pytest.fixture
async def mail(backend: Backend) -> Interaction:
    """A mail that agent1 works on, with agent2 beside."""
    stored = await backend.add_mail(state=State.ACCEPTED, owner_id="agent1")
    await backend.add_agent("agent1", holding=[stored.id], free=0)
    await backend.add_agent("agent2")
    return stored


@pytest.fixture
async def draft(backend: Backend) -> Interaction:
    """A draft of agent1, with agent2 beside."""
    await backend.add_agent("agent1")
    await backend.add_agent("agent2")
    return await backend.add_mail(
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
    backend: Backend, routing: Routing, mail: Interaction
) -> None:
    await routing.transfers.place_in_workbin(placing(mail), cause())

    after = await backend.interactions.get(mail.id)
    assert (after.state, after.owner_id, after.place) == (State.IN_WORKBIN, None, OWN)
    assert await backend.held_by("agent1") == []
    heard = {type(await backend.next_event(PlacedInWorkbin | WorkbinItemAdded)) for _ in range(2)}  # type: ignore[arg-type]
    assert heard == {PlacedInWorkbin, WorkbinItemAdded}


async def test_mail_pulled_from_a_workbin_is_owned(
    backend: Backend, routing: Routing, mail: Interaction
) -> None:
    await routing.transfers.place_in_workbin(placing(mail), cause())

    await routing.transfers.pull(pulling(mail), cause())

    after = await backend.interactions.get(mail.id)
    assert (after.state, after.owner_id, after.place) == (State.ACCEPTED, "agent1", None)
    assert await backend.held_by("agent1") == [mail.id]
    await backend.next_event(WorkbinItemRemoved)


async def test_a_draft_that_is_taken_out_is_a_draft_again(
    backend: Backend, routing: Routing, draft: Interaction
) -> None:
    await routing.transfers.place_in_workbin(placing(draft), cause())

    await routing.transfers.pull(pulling(draft), cause())

    assert (await backend.next_event(ReplyCreated)).interaction_id == draft.id
    assert (await backend.interactions.get(draft.id)).state is State.REPLY_CREATED
    assert await backend.held_by("agent1") == []


async def test_fifty_concurrent_pulls_let_one_win(
    backend: Backend, routing: Routing, mail: Interaction
) -> None:
    await routing.transfers.place_in_workbin(placing(mail, SHARED), cause())
    names = [f"agent{number}" for number in range(3, 53)]
    for name in names:
        await backend.add_agent(name)

    tries = (routing.transfers.pull(pulling(mail, name), cause()) for name in names)
    results = await asyncio.gather(*tries, return_exceptions=True)

    assert (results.count(None), sum(isinstance(one, Refused) for one in results)) == (1, 49)
    winner = names[results.index(None)]
    assert (await backend.interactions.get(mail.id)).owner_id == winner


async def test_group_workbin_is_open_to_its_agents_only(
    backend: Backend, routing: Routing, mail: Interaction
) -> None:
    await routing.transfers.place_in_workbin(placing(mail, SHARED), cause())
    await backend.add_agent("stranger", queues=["sales"])

    with pytest.raises(NotOwnerError):
        await routing.transfers.pull(pulling(mail, "stranger"), cause())

    assert (await backend.interactions.get(mail.id)).state is State.IN_WORKBIN


async def test_a_draft_in_a_queue_is_offered_and_accepted_as_a_draft(
    backend: Backend, routing: Routing, draft: Interaction
) -> None:
    await backend.agents.set_ready("agent1", ready=False)
    queueing = PlaceInQueue(interaction_id=draft.id, agent_id="agent1", queue="sales")
    await routing.transfers.place_in_queue(queueing, cause())
    await fill(routing, "sales")

    invited = await backend.next_event(AgentInvited)
    accepting = AcceptInvitation(interaction_id=draft.id, agent_id=invited.agent_id)
    await routing.invitations.accept(accepting, cause(), backend.clock.now())

    after = await backend.interactions.get(draft.id)
    assert (after.state, after.owner_id) == (State.REPLY_CREATED, "agent2")
    assert await backend.held_by("agent2") == []


async def test_transfer_to_a_queue_passes_over_its_sender(
    backend: Backend, routing: Routing, mail: Interaction
) -> None:
    await routing.transfers.transfer(transferring(mail, to_queue="sales"), cause())

    assert (await backend.next_event(InteractionTransferred)).agent_id == "agent1"
    assert (await backend.next_event(AgentInvited)).agent_id == "agent2"
    assert (await backend.interactions.get(mail.id)).queue == "sales"


async def test_transfer_to_a_skill_ignores_queues(
    backend: Backend, routing: Routing, mail: Interaction
) -> None:
    await backend.add_agent("speaker", skills={"german": 2}, queues=[])

    await routing.transfers.transfer(transferring(mail, to_skill="german"), cause())

    assert (await backend.next_event(AgentInvited)).agent_id == "speaker"


async def test_mail_for_an_unavailable_skill_blocks_no_other(
    backend: Backend, routing: Routing, mail: Interaction
) -> None:
    await routing.transfers.transfer(transferring(mail, to_skill="klingon"), cause())
    behind = await backend.add_mail()

    await fill(routing)

    assert (await backend.next_event(AgentInvited)).interaction_id == behind.id


async def test_rejected_transfer_prefers_its_sender(
    backend: Backend, routing: Routing, mail: Interaction
) -> None:
    await backend.add_agent("idle")
    await routing.transfers.transfer(transferring(mail, to_agent_id="agent2"), cause())
    await backend.next_event(AgentInvited)

    rejecting = RejectInvitation(interaction_id=mail.id, agent_id="agent2")
    await routing.invitations.reject(rejecting, cause())

    assert (await backend.next_event(AgentInvited)).agent_id == "agent1"


async def test_missed_transfer_prefers_its_sender(
    backend: Backend, routing: Routing, mail: Interaction
) -> None:
    await backend.add_agent("idle")
    await routing.transfers.transfer(transferring(mail, to_agent_id="agent2"), cause())
    await backend.next_event(AgentInvited)

    backend.clock.move(INVITATION)
    await revoke(routing)

    assert (await backend.next_event(InvitationRevoked)).agent_id == "agent2"
    assert (await backend.next_event(AgentInvited)).agent_id == "agent1"


async def test_rejected_transfer_returns_to_its_sender_by_policy(
    backend: Backend, routing_by: RoutingBy, mail: Interaction
) -> None:
    routing = await routing_by(Policy(exclusion=EXCLUSION, returns_to_sender=True))
    await routing.transfers.transfer(transferring(mail, to_agent_id="agent2"), cause())

    rejecting = RejectInvitation(interaction_id=mail.id, agent_id="agent2")
    await routing.invitations.reject(rejecting, cause())

    assert (await backend.next_event(InvitationAccepted)).agent_id == "agent1"
    assert (await backend.interactions.get(mail.id)).owner_id == "agent1"
    assert (await backend.held_by("agent1"), await backend.held_by("agent2")) == ([mail.id], [])


async def test_rejected_draft_is_offered_to_no_other_agent(
    backend: Backend, routing: Routing, draft: Interaction
) -> None:
    await routing.transfers.transfer(transferring(draft, to_agent_id="agent2"), cause())

    backend.clock.move(timedelta(minutes=1))
    await revoke(routing)

    assert (await backend.next_event(ReplyCreated)).agent_id == "agent1"
    after = await backend.interactions.get(draft.id)
    assert (after.state, after.owner_id) == (State.REPLY_CREATED, "agent1")
