"""Builds routing from its parts and runs it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

from services.routing.commands.disowned_reports import DisownedReports
from services.routing.commands.invitation_commands import InvitationCommands
from services.routing.commands.transfers import TransferCommands
from services.routing.handlers import routing_handler
from services.routing.offers.offer_pass import OfferPass
from services.routing.offers.queue_filler import BrokerLink, QueueFiller
from services.routing.policy import Policy
from services.routing.settings import RoutingSettings
from services.routing.store import WaitingStore
from services.routing.sweeps.absent_agents import AbsentAgents
from services.routing.sweeps.place_audit import PlaceAudit
from services.routing.sweeps.revocations import Revocations
from shared.background_tasks import run_periodically
from shared.domain.clock import Clock
from shared.messaging.topology import ROUTING
from shared.runtime.refusals import Refusals
from shared.runtime.resources import Resources
from shared.runtime.worker_consumer import running_consumer
from shared.storage.agents.agent_store import AgentStore
from shared.storage.agents.presence_store import PresenceStore
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.database.client import Database
from shared.storage.database.leases import LeaseStore
from shared.storage.interactions.interaction_store import InteractionStore
from shared.storage.mails.report_store import ReportStore


@dataclass(frozen=True, slots=True)
class Parts:
    """The objects that routing consists of."""

    offers: OfferPass
    filler: QueueFiller
    invitations: InvitationCommands
    transfers: TransferCommands
    revocations: Revocations
    absent_agents: AbsentAgents
    place_audit: PlaceAudit


def assemble(  # noqa: PLR0913 - every dependency is passed by name
    *,
    database: Database,
    interactions: InteractionStore,
    agents: AgentStore,
    configuration: ConfigurationStore,
    clock: Clock,
    policy: Policy,
    broker: BrokerLink,
    holder: str,
) -> Parts:
    """Return routing's parts, connected to each other.

    `holder` names this pod in the leases of queues.
    """
    waiting = WaitingStore(database)
    presence = PresenceStore(database, clock)
    offers = OfferPass(
        waiting=waiting,
        interactions=interactions,
        agents=agents,
        configuration=configuration,
        clock=clock,
        policy=policy,
    )
    filler = QueueFiller(
        offers=offers,
        leases=LeaseStore(database, holder),
        agents=agents,
        configuration=configuration,
        broker=broker,
    )
    revocations = Revocations(
        waiting=waiting,
        interactions=interactions,
        agents=agents,
        presence=presence,
        filler=filler,
        clock=clock,
        policy=policy,
    )
    return Parts(
        offers=offers,
        filler=filler,
        invitations=InvitationCommands(
            interactions=interactions,
            agents=agents,
            filler=filler,
            clock=clock,
            policy=policy,
        ),
        transfers=TransferCommands(
            interactions=interactions,
            agents=agents,
            configuration=configuration,
            filler=filler,
            clock=clock,
            policy=policy,
        ),
        revocations=revocations,
        absent_agents=AbsentAgents(
            waiting=waiting,
            interactions=interactions,
            agents=agents,
            presence=presence,
            configuration=configuration,
            revocations=revocations,
            filler=filler,
            clock=clock,
            policy=policy,
        ),
        place_audit=PlaceAudit(waiting=waiting, agents=agents),
    )


@asynccontextmanager
async def start(settings: RoutingSettings, resources: Resources) -> AsyncIterator[None]:
    """Run routing for as long as the context lasts."""
    parts = assemble(
        database=resources.database,
        interactions=resources.interactions,
        agents=resources.agents,
        configuration=resources.configuration,
        clock=resources.clock,
        policy=settings.policy,
        broker=resources.publisher,
        holder=uuid4().hex,
    )
    async with running_consumer(settings, resources, ROUTING) as consumer:
        consumer.subscriber(
            routing_handler(
                invitations=parts.invitations,
                transfers=parts.transfers,
                filler=parts.filler,
                absent_agents=parts.absent_agents,
                disowned_reports=DisownedReports(
                    interactions=resources.interactions,
                    reports=ReportStore(resources.database),
                    filler=parts.filler,
                    clock=resources.clock,
                ),
                refusals=Refusals.of(resources),
            )
        )
        async with (
            run_periodically(parts.revocations.revoke_unanswered, every=settings.sweep),
            run_periodically(parts.place_audit.audit_places, every=settings.audit),
            run_periodically(parts.absent_agents.reclaim_from_absent, every=settings.audit),
            run_periodically(parts.absent_agents.reclaim_untouched, every=settings.audit * 4),
            run_periodically(parts.filler.request_all, every=settings.sweep * 5),
            parts.filler.running(),
            consumer.running(),
        ):
            yield
