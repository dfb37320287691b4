"""What agents may do with what they were offered, and who wins when many try."""

import asyncio
from datetime import timedelta

import pytest

from shared.contracts.commands import (
    AcceptInvitation,
    ChangeUserData,
    CompleteInteraction,
    PlaceInQueue,
    RejectInvitation,
    TransferInteraction,
)
from shared.contracts.events import (
    AgentInvited,
    InteractionCompleted,
    InteractionTransferred,
    InvitationAccepted,
    InvitationRejected,
)
from shared.domain.errors import (
    ChangedMeanwhileError,
    NotOwnerError,
    OperationNotAllowedError,
    Refused,
    TooLargeError,
)
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import State
from shared.domain.user_data import LARGEST
from tests.support.routing import INVITATION, Routing, fill
from tests.support.world import World, cause

pytestmark = pytest.mark.connected


@pytest.fixture
async def offered(world: World, routing: Routing) -> Interaction:
    """A mail that is offered to agent1; agent2 would be next."""
    await world.hire("agent1")
    world.clock.move(timedelta(seconds=1))
    await world.hire("agent2")
    mail = await world.receive()
    await fill(routing)
    await world.hear(AgentInvited)
    return mail


@pytest.fixture
async def accepted(world: World, routing: Routing, offered: Interaction) -> Interaction:
    """A mail that agent1 works on."""
    await routing.invitations.accept(accept(offered), cause(), world.clock.now())
    await world.hear(InvitationAccepted)
    return offered


def accept(mail: Interaction, agent_id: str = "agent1") -> AcceptInvitation:
    return AcceptInvitation(interaction_id=mail.id, agent_id=agent_id)


async def test_the_invited_agent_becomes_the_owner(
    world: World, routing: Routing, offered: Interaction
) -> None:
    await routing.invitations.accept(accept(offered), cause(), world.clock.now())

    after = await world.interactions.get(offered.id)
    assert (after.state, after.owner_id, after.invitation) == (State.ACCEPTED, "agent1", None)


async def test_fifty_concurrent_accepts_let_one_win(
    world: World, routing: Routing, offered: Interaction
) -> None:
    tries = (
        routing.invitations.accept(accept(offered), cause(), world.clock.now()) for _ in range(50)
    )

    results = await asyncio.gather(*tries, return_exceptions=True)

    refused = [result for result in results if isinstance(result, Refused)]
    assert (results.count(None), len(refused)) == (1, 49)
    await world.hear(InvitationAccepted)
    assert not [one for one in world.heard_so_far() if isinstance(one, InvitationAccepted)]


async def test_a_second_delivery_of_the_same_accept_changes_nothing(
    world: World, routing: Routing, offered: Interaction
) -> None:
    once = cause()
    await routing.invitations.accept(accept(offered), once, world.clock.now())
    version = (await world.interactions.get(offered.id)).version

    await routing.invitations.accept(accept(offered), once, world.clock.now())

    assert (await world.interactions.get(offered.id)).version == version


async def test_another_agent_cannot_accept(
    world: World, routing: Routing, offered: Interaction
) -> None:
    with pytest.raises(NotOwnerError):
        await routing.invitations.accept(accept(offered, "agent2"), cause(), world.clock.now())

    assert (await world.interactions.get(offered.id)).state is State.INVITED


async def test_an_accept_after_the_deadline_is_refused(
    world: World, routing: Routing, offered: Interaction
) -> None:
    world.clock.move(INVITATION)

    with pytest.raises(OperationNotAllowedError):
        await routing.invitations.accept(accept(offered), cause(), world.clock.now())


async def test_a_rejected_mail_is_offered_to_another_agent(
    world: World, routing: Routing, offered: Interaction
) -> None:
    await routing.invitations.reject(
        RejectInvitation(interaction_id=offered.id, agent_id="agent1"), cause()
    )

    assert (await world.hear(InvitationRejected)).agent_id == "agent1"
    assert (await world.hear(AgentInvited)).agent_id == "agent2"


async def test_completing_ends_the_mail_and_brings_the_next(
    world: World, routing: Routing, accepted: Interaction
) -> None:
    await world.agents.set_ready("agent2", ready=False)
    following = await world.receive()

    await routing.invitations.complete(
        CompleteInteraction(interaction_id=accepted.id, agent_id="agent1"), cause()
    )

    assert (await world.hear(InteractionCompleted)).interaction_id == accepted.id
    assert (await world.hear(AgentInvited)).interaction_id == following.id


async def test_a_completed_mail_cannot_be_completed_again(
    routing: Routing, accepted: Interaction
) -> None:
    command = CompleteInteraction(interaction_id=accepted.id, agent_id="agent1")
    await routing.invitations.complete(command, cause())

    with pytest.raises(OperationNotAllowedError):
        await routing.invitations.complete(command, cause())


async def test_placing_in_a_queue_gives_the_mail_up(
    world: World, routing: Routing, accepted: Interaction
) -> None:
    await routing.transfers.place_in_queue(
        PlaceInQueue(interaction_id=accepted.id, agent_id="agent1", queue="sales"), cause()
    )

    after = await world.interactions.get(accepted.id)
    assert (after.queue, after.owner_id) == ("sales", None)


async def test_an_unknown_queue_is_refused(
    world: World, routing: Routing, accepted: Interaction
) -> None:
    with pytest.raises(Refused):
        await routing.transfers.place_in_queue(
            PlaceInQueue(interaction_id=accepted.id, agent_id="agent1", queue="nowhere"), cause()
        )

    assert (await world.interactions.get(accepted.id)).owner_id == "agent1"


async def test_a_transfer_invites_the_other_agent(
    world: World, routing: Routing, accepted: Interaction
) -> None:
    await routing.transfers.transfer(
        TransferInteraction(interaction_id=accepted.id, agent_id="agent1", to_agent_id="agent2"),
        cause(),
    )

    heard = [await world.hear(InteractionTransferred | AgentInvited) for _ in range(2)]  # type: ignore[arg-type]
    assert {(type(one), one.agent_id) for one in heard} == {
        (InteractionTransferred, "agent1"),
        (AgentInvited, "agent2"),
    }


async def test_user_data_is_set_and_removed_key_by_key(
    world: World, routing: Routing, accepted: Interaction
) -> None:
    put = {"Priority": "high", "Order": {"Number": 17, "Item": "lamp"}}
    about = {"interaction_id": accepted.id, "agent_id": "agent1"}
    await routing.invitations.change_user_data(ChangeUserData(**about, put=put), cause())

    await routing.invitations.change_user_data(
        ChangeUserData(**about, remove={"Priority": [], "Order": ["Item"], "Absent": []}), cause()
    )

    assert (await world.interactions.get(accepted.id)).user_data == {"Order": {"Number": 17}}


async def test_two_updates_at_once_do_not_exceed_the_bound_together(
    world: World, routing: Routing, accepted: Interaction
) -> None:
    def changing(key: str) -> ChangeUserData:
        put = {key: "x" * (LARGEST * 2 // 3)}
        return ChangeUserData(interaction_id=accepted.id, agent_id="agent1", put=put)

    results = await asyncio.gather(
        *(routing.invitations.change_user_data(changing(key), cause()) for key in "abcd"),
        return_exceptions=True,
    )

    assert results.count(None) == 1
    assert sum(isinstance(one, TooLargeError) for one in results) == 3
    assert len((await world.interactions.get(accepted.id)).user_data) == 1


async def test_another_version_than_the_expected_one_is_not_changed(
    world: World, routing: Routing, accepted: Interaction
) -> None:
    before = await world.interactions.get(accepted.id)
    change = ChangeUserData(
        interaction_id=accepted.id,
        agent_id="agent1",
        put={"x": 1},
        expected_version=before.version - 1,
    )
    current = change.model_copy(update={"expected_version": before.version})

    with pytest.raises(ChangedMeanwhileError):
        await routing.invitations.change_user_data(change, cause())
    unchanged = await world.interactions.get(accepted.id)
    await routing.invitations.change_user_data(current, again := cause())
    await routing.invitations.change_user_data(current, again)

    assert unchanged == before
    assert (await world.interactions.get(accepted.id)).version == before.version + 1
