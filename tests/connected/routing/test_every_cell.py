"""Each of routing's commands in each state: the step of the table, or a refusal and no change."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.contracts.commands import (
    AcceptInvitation,
    ChangeUserData,
    CompleteInteraction,
    ExtendInvitation,
    PlaceInQueue,
    PlaceInWorkbin,
    PullInteraction,
    RejectInvitation,
    TransferInteraction,
)
from shared.domain.errors import OperationNotAllowedError
from shared.domain.interaction import Interaction, Invitation, Place
from shared.domain.lifecycle import TRANSITIONS, Direction, Operation, State
from tests.support.backend import Backend, cause
from tests.support.routing import Routing

pytestmark = pytest.mark.connected

CarryOut = Callable[[Routing, dict[str, str]], Awaitable[None]]

COMMANDS: dict[Operation, CarryOut] = {
    Operation.ACCEPT: lambda all_, by: all_.invitations.accept(
        AcceptInvitation(**by), cause(), datetime.min.replace(tzinfo=UTC)
    ),
    Operation.REJECT: lambda all_, by: all_.invitations.reject(RejectInvitation(**by), cause()),
    Operation.EXTEND_INVITATION: lambda all_, by: all_.invitations.extend(
        ExtendInvitation(**by), cause(), datetime.min.replace(tzinfo=UTC)
    ),
    Operation.COMPLETE: lambda all_, by: all_.invitations.complete(
        CompleteInteraction(**by), cause()
    ),
    Operation.UPDATE_PROPERTIES: lambda all_, by: all_.invitations.change_user_data(
        ChangeUserData(put={"a": 1}, **_any(by)), cause()
    ),
    Operation.PLACE_IN_QUEUE: lambda all_, by: all_.transfers.place_in_queue(
        PlaceInQueue(queue="drafts", **by), cause()
    ),
    Operation.TRANSFER: lambda all_, by: all_.transfers.transfer(
        TransferInteraction(to_agent_id="agent2", **by), cause()
    ),
    Operation.REQUEUE: lambda all_, by: all_.transfers.transfer(
        TransferInteraction(to_queue="drafts", **by), cause()
    ),
    Operation.PLACE_IN_WORKBIN: lambda all_, by: all_.transfers.place_in_workbin(
        PlaceInWorkbin(workbin="email.draft", owner="agent1", **_any(by)), cause()
    ),
    Operation.PULL: lambda all_, by: all_.transfers.pull(PullInteraction(**by), cause()),
}


def _any(by: dict[str, str]) -> dict[str, Any]:
    return dict(by)


async def stored(backend: Backend, way: Direction, state: State) -> Interaction:
    fields: dict[str, Any] = {"owner_id": "agent1"}
    if state is State.INVITED:
        ends = backend.clock.now() + timedelta(seconds=30)
        fields = {"invitation": Invitation("agent1", ends)}
    elif state is State.IN_WORKBIN:
        fields = {"place": Place("email.draft", "agent1")}
    elif state is State.QUEUED:
        fields = {}
    return await backend.add_mail(direction=way, state=state, queue="drafts", **fields)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("way", Direction)
async def test_a_command_follows_the_table_or_changes_nothing(
    backend: Backend, routing: Routing, way: Direction, state: State
) -> None:
    await backend.add_agent("agent1", ready=False)
    await backend.add_agent("agent2", ready=False)
    for operation, carry_out in COMMANDS.items():
        before = await stored(backend, way, state)
        step = TRANSITIONS.get((way, state, operation))

        if step is None:
            with pytest.raises(OperationNotAllowedError):
                await carry_out(routing, {"interaction_id": before.id, "agent_id": "agent1"})
        else:
            await carry_out(routing, {"interaction_id": before.id, "agent_id": "agent1"})

        after = await backend.interactions.get(before.id)
        wanted = (state, before.version) if step is None else (step.to, before.version + 1)
        assert (after.state, after.version) == wanted, operation
        assert sum(map(bool, (after.owner_id, after.invitation, after.place))) <= 1
