"""Agents' answers to offers, and who wins when many answer."""

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
from tests.support.backend import Backend, cause
from tests.support.routing import INVITATION, Routing, fill

pytestmark = pytest.mark.connected


@pytest.fixture
async def offered(backend: Backend, routing: Routing) -> Interaction:
    """A mail that is offered to agent1; agent2 would be next."""
    await backend.add_agent("agent1")
    backend.clock.move(timedelta(seconds=1))
    await backend.add_agent("agent2")
    mail = await backend.add_mail()
    await fill(routing)
    await backend.next_event(AgentInvited)
    return mail


@pytest.fixture
async def accepted(backend: Backend, routing: Routing, offered: Interaction) -> Interaction:
    """A mail that agent1 works on."""
    await routing.invitations.accept(accept(offered), cause(), backend.clock.now())
    await backend.next_event(InvitationAccepted)
    return offered


def accept(mail: Interaction, agent_id: str = "agent1") -> AcceptInvitation:
    return AcceptInvitation(interaction_id=mail.id, agent_id=agent_id)


async def test_the_invited_agent_becomes_the_owner(
    backend: Backend, routing: Routing, offered: Interaction
) -> None:
    await routing.invitations.accept(accept(offered), cause(), backend.clock.now())

    after = await backend.interactions.get(offered.id)
    assert (after.state, after.owner_id, after.invitation) == (State.ACCEPTED, "agent1", None)


async def test_fifty_concurrent_accepts_let_one_win(
    backend: Backend, routing: Routing, offered: Interaction
) -> None:
    tries = (
        routing.invitations.accept(accept(offered), cause(), backend.clock.now()) for _ in range(50)
    )

    results = await asyncio.gather(*tries, return_exceptions=True)

    refused = [result for result in results if isinstance(result, Refused)]
    assert (results.count(None), len(refused)) == (1, 49)
    await backend.next_event(InvitationAccepted)
    assert not [one for one in backend.take_events() if isinstance(one, InvitationAccepted)]


async def test_a_second_delivery_of_the_same_accept_changes_nothing(
    backend: Backend, routing: Routing, offered: Interaction
) -> None:
    once = cause()
    await routing.invitations.accept(accept(offered), once, backend.clock.now())
    version = (await backend.interactions.get(offered.id)).version

    await routing.invitations.accept(accept(offered), once, backend.clock.now())

    assert (await backend.interactions.get(offered.id)).version == version


async def test_another_agent_cannot_accept(
    backend: Backend, routing: Routing, offered: Interaction
) -> None:
    with pytest.raises(NotOwnerError):
        await routing.invitations.accept(accept(offered, "agent2"), cause(), backend.clock.now())

    assert (await backend.interactions.get(offered.id)).state is State.INVITED


async def test_an_accept_after_the_deadline_is_refused(
    backend: Backend, routing: Routing, offered: Interaction
) -> None:
    backend.clock.move(INVITATION)

    with pytest.raises(OperationNotAllowedError):
        await routing.invitations.accept(accept(offered), cause(), backend.clock.now())


async def test_a_rejected_mail_is_offered_to_another_agent(
    backend: Backend, routing: Routing, offered: Interaction
) -> None:
    await routing.invitations.reject(
        RejectInvitation(interaction_id=offered.id, agent_id="agent1"), cause()
    )

    assert (await backend.next_event(InvitationRejected)).agent_id == "agent1"
    assert (await backend.next_event(AgentInvited)).agent_id == "agent2"


async def test_completing_ends_the_mail_and_brings_the_next(
    backend: Backend, routing: Routing, accepted: Interaction
) -> None:
    await backend.agents.set_ready("agent2", ready=False)
    following = await backend.add_mail()

    await routing.invitations.complete(
        CompleteInteraction(interaction_id=accepted.id, agent_id="agent1"), cause()
    )

    assert (await backend.next_event(InteractionCompleted)).interaction_id == accepted.id
    assert (await backend.next_event(AgentInvited)).interaction_id == following.id


async def test_a_completed_mail_cannot_be_completed_again(
    routing: Routing, accepted: Interaction
) -> None:
    command = CompleteInteraction(interaction_id=accepted.id, agent_id="agent1")
    await routing.invitations.complete(command, cause())

    with pytest.raises(OperationNotAllowedError):
        await routing.invitations.complete(command, cause())


async def test_placing_in_a_queue_gives_the_mail_up(
    backend: Backend, routing: Routing, accepted: Interaction
) -> None:
    await routing.transfers.place_in_queue(
        PlaceInQueue(interaction_id=accepted.id, agent_id="agent1", queue="sales"), cause()
    )

    after = await backend.interactions.get(accepted.id)
    assert (after.queue, after.owner_id) == ("sales", None)


async def test_an_unknown_queue_is_refused(
    backend: Backend, routing: Routing, accepted: Interaction
) -> None:
    with pytest.raises(Refused):
        await routing.transfers.place_in_queue(
            PlaceInQueue(interaction_id=accepted.id, agent_id="agent1", queue="nowhere"), cause()
        )

    assert (await backend.interactions.get(accepted.id)).owner_id == "agent1"


async def test_a_transfer_invites_the_other_agent(
    backend: Backend, routing: Routing, accepted: Interaction
) -> None:
    await routing.transfers.transfer(
        TransferInteraction(interaction_id=accepted.id, agent_id="agent1", to_agent_id="agent2"),
        cause(),
    )

    heard = [await backend.next_event(InteractionTransferred | AgentInvited) for _ in range(2)]  # type: ignore[arg-type]
    assert {(type(one), one.agent_id) for one in heard} == {
        (InteractionTransferred, "agent1"),
        (AgentInvited, "agent2"),
    }


async def test_user_data_is_set_and_removed_key_by_key(
    backend: Backend, routing: Routing, accepted: Interaction
) -> None:
    put = {"Priority": "high", "Order": {"Number": 17, "Item": "lamp"}}
    about = {"interaction_id": accepted.id, "agent_id": "agent1"}
    await routing.invitations.change_user_data(ChangeUserData(**about, put=put), cause())

    await routing.invitations.change_user_data(
        ChangeUserData(**about, remove={"Priority": [], "Order": ["Item"], "Absent": []}), cause()
    )

    assert (await backend.interactions.get(accepted.id)).user_data == {"Order": {"Number": 17}}


async def test_two_updates_at_once_do_not_exceed_the_bound_together(
    backend: Backend, routing: Routing, accepted: Interaction
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
    assert len((await backend.interactions.get(accepted.id)).user_data) == 1


async def test_another_version_than_the_expected_one_is_not_changed(
    backend: Backend, routing: Routing, accepted: Interaction
) -> None:
    before = await backend.interactions.get(accepted.id)
    change = ChangeUserData(
        interaction_id=accepted.id,
        agent_id="agent1",
        put={"x": 1},
        expected_version=before.version - 1,
    )
    current = change.model_copy(update={"expected_version": before.version})

    with pytest.raises(ChangedMeanwhileError):
        await routing.invitations.change_user_data(change, cause())
    unchanged = await backend.interactions.get(accepted.id)
    await routing.invitations.change_user_data(current, again := cause())
    await routing.invitations.change_user_data(current, again)

    assert unchanged == before
    assert (await backend.interactions.get(accepted.id)).version == before.version + 1
