"""The handler of routing's messages: calls one method for each."""

from collections.abc import Awaitable, Callable
from typing import assert_never

from services.routing.commands.disowned_reports import DisownedReports
from services.routing.commands.invitation_commands import InvitationCommands
from services.routing.commands.transfers import TransferCommands
from services.routing.offers.queue_filler import QueueFiller
from services.routing.sweeps.absent_agents import AbsentAgents
from shared.contracts.commands import (
    AcceptInvitation,
    ChangeUserData,
    CompleteInteraction,
    DisownReport,
    ExtendInvitation,
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
    invitations: InvitationCommands,
    transfers: TransferCommands,
    filler: QueueFiller,
    absent_agents: AbsentAgents,
    disowned_reports: DisownedReports,
    refusals: Refusals,
) -> Handler:
    """Return the handler of routing's work queue."""

    async def on_work(envelope: Envelope[RoutingWork]) -> None:
        match envelope.body:
            case InteractionReceived() | PlacedInQueue() as event:
                filler.request(event.queue)
            case AgentReady(queues=None) as event:
                filler.request_for(event.agent_id)
            case AgentReady() as event:
                for queue in event.queues or ():
                    filler.request(queue)
            case AgentNotReady() as event:
                await absent_agents.handle_not_ready(event)
            case command:
                async with refusals.reported_to_agent(command, envelope.cause):
                    await _dispatch(invitations, transfers, disowned_reports, command, envelope)

    return on_work


async def _dispatch(
    invitations: InvitationCommands,
    transfers: TransferCommands,
    disowned_reports: DisownedReports,
    command: RoutingCommand,
    envelope: Envelope[RoutingWork],
) -> None:
    cause = envelope.cause
    match command:
        case AcceptInvitation() | RejectInvitation() | ExtendInvitation():
            await _dispatch_answer(invitations, command, envelope)
        case CompleteInteraction():
            await invitations.complete(command, cause)
        case PlaceInQueue():
            await transfers.place_in_queue(command, cause)
        case TransferInteraction():
            await transfers.transfer(command, cause)
        case PlaceInWorkbin():
            await transfers.place_in_workbin(command, cause)
        case PullInteraction():
            await transfers.pull(command, cause)
        case ChangeUserData():
            await invitations.change_user_data(command, cause)
        case DisownReport():
            await disowned_reports.disown(command, cause)
        case never:
            assert_never(never)


async def _dispatch_answer(
    invitations: InvitationCommands,
    command: AcceptInvitation | RejectInvitation | ExtendInvitation,
    envelope: Envelope[RoutingWork],
) -> None:
    match command:
        case AcceptInvitation():
            await invitations.accept(command, envelope.cause, envelope.occurred_at)
        case RejectInvitation():
            await invitations.reject(command, envelope.cause)
        case ExtendInvitation():
            await invitations.extend(command, envelope.cause, envelope.occurred_at)
