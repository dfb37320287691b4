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


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """The dependencies of routing; `holder` names this pod in the leases of queues."""

    database: Database
    interactions: InteractionStore
    agents: AgentStore
    configuration: ConfigurationStore
    clock: Clock
    policy: Policy
    broker: BrokerLink
    holder: str

    @property
    def waiting(self) -> WaitingStore:
        """The interactions that wait for an agent."""
        return WaitingStore(self.database)

    @property
    def presence(self) -> PresenceStore:
        """When agents were last there."""
        return PresenceStore(self.database, self.clock)


def assemble(given: Dependencies) -> Parts:
    """Return routing's parts, connected to each other."""
    offers = _offer_pass(given)
    filler = _queue_filler(given, offers)
    revocations = Revocations(
        waiting=given.waiting,
        interactions=given.interactions,
        agents=given.agents,
        presence=given.presence,
        filler=filler,
        clock=given.clock,
        policy=given.policy,
    )
    return Parts(
        offers=offers,
        filler=filler,
        invitations=InvitationCommands(
            interactions=given.interactions,
            agents=given.agents,
            filler=filler,
            clock=given.clock,
            policy=given.policy,
        ),
        transfers=TransferCommands(
            interactions=given.interactions,
            agents=given.agents,
            configuration=given.configuration,
            filler=filler,
            clock=given.clock,
            policy=given.policy,
        ),
        revocations=revocations,
        absent_agents=AbsentAgents(
            waiting=given.waiting,
            interactions=given.interactions,
            agents=given.agents,
            presence=given.presence,
            configuration=given.configuration,
            revocations=revocations,
            filler=filler,
            clock=given.clock,
            policy=given.policy,
        ),
        place_audit=PlaceAudit(waiting=given.waiting, agents=given.agents),
    )


def _offer_pass(given: Dependencies) -> OfferPass:
    return OfferPass(
        waiting=given.waiting,
        interactions=given.interactions,
        agents=given.agents,
        configuration=given.configuration,
        clock=given.clock,
        policy=given.policy,
    )


def _queue_filler(given: Dependencies, offers: OfferPass) -> QueueFiller:
    return QueueFiller(
        offers=offers,
        leases=LeaseStore(given.database, given.holder),
        agents=given.agents,
        configuration=given.configuration,
        broker=given.broker,
    )


@asynccontextmanager
async def start(settings: RoutingSettings, resources: Resources) -> AsyncIterator[None]:
    """Run routing for as long as the context lasts."""
    parts = assemble(
        Dependencies(
            database=resources.database,
            interactions=resources.interactions,
            agents=resources.agents,
            configuration=resources.configuration,
            clock=resources.clock,
            policy=settings.policy,
            broker=resources.publisher,
            holder=uuid4().hex,
        )
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
