"""Takes routing's messages off the broker and hands each to what it is meant for."""

from collections.abc import Awaitable, Callable
from typing import assert_never

from services.routing.absent_agents import AbsentAgents
from services.routing.agent_answers import InvitationCommands
from services.routing.queue_filler import QueueFiller
from services.routing.transfers import TransferCommands
from shared.contracts.commands import (
    AcceptInvitation,
    ChangeUserData,
    CompleteInteraction,
    PlaceInQueue,
    PlaceInWorkbin,
    PullInteraction,
    RejectInvitation,
    RoutingCommand,
    TransferInteraction,
)
from shared.contracts.envelope import Envelope
from shared.contracts.events import (
    AgentNotReady,
    AgentReady,
    InteractionReceived,
    PlacedInQueue,
    RoutingWork,
)
from shared.runtime.refusals import Refusals

Handler = Callable[[Envelope[RoutingWork]], Awaitable[None]]


def routing_handler(
    *,
    desk: InvitationCommands,
    handing_on: TransferCommands,
    filler: QueueFiller,
    absences: AbsentAgents,
    refusals: Refusals,
) -> Handler:
    """Return the handler of routing's work queue."""

    async def on_work(envelope: Envelope[RoutingWork]) -> None:
        match envelope.body:
            case InteractionReceived() | PlacedInQueue() as event:
                filler.request(event.queue)
            case AgentReady() as event:
                await filler.request_for(event.agent_id)
            case AgentNotReady() as event:
                await absences.follow(event)
            case command:
                async with refusals.told_to(command, envelope.cause):
                    await _dispatch(desk, handing_on, command, envelope)

    return on_work


async def _dispatch(
    desk: InvitationCommands,
    handing_on: TransferCommands,
    command: RoutingCommand,
    envelope: Envelope[RoutingWork],
) -> None:
    cause = envelope.cause
    match command:
        case AcceptInvitation():
            await desk.accept(command, cause, envelope.occurred_at)
        case RejectInvitation():
            await desk.reject(command, cause)
        case CompleteInteraction():
            await desk.complete(command, cause)
        case PlaceInQueue():
            await handing_on.place_in_queue(command, cause)
        case TransferInteraction():
            await handing_on.transfer(command, cause)
        case PlaceInWorkbin():
            await handing_on.place_in_workbin(command, cause)
        case PullInteraction():
            await handing_on.pull(command, cause)
        case ChangeUserData():
            await desk.change_user_data(command, cause)
        case never:
            assert_never(never)
