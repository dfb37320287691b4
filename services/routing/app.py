"""Composes routing: the one place that knows all of its parts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

from services.routing.absent_agents import AbsentAgents
from services.routing.agent_answers import InvitationCommands
from services.routing.handlers import routing_handler
from services.routing.offers import OfferPass
from services.routing.place_audit import PlaceAudit
from services.routing.policy import Policy
from services.routing.queue_filler import QueueFiller, Tellable
from services.routing.revocations import Revocations
from services.routing.settings import RoutingSettings
from services.routing.store import WaitingStore
from services.routing.transfers import TransferCommands
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


@dataclass(frozen=True, slots=True)
class Parts:
    """Routing without its process."""

    offering: OfferPass
    filler: QueueFiller
    desk: InvitationCommands
    handing_on: TransferCommands
    revoking: Revocations
    absences: AbsentAgents
    auditing: PlaceAudit


def assemble(  # noqa: PLR0913 - what all of it works with, by name
    *,
    database: Database,
    interactions: InteractionStore,
    agents: AgentStore,
    configuration: ConfigurationStore,
    clock: Clock,
    policy: Policy,
    broker: Tellable,
    holder: str,
) -> Parts:
    """Return the parts, each with what it works with."""
    waiting = WaitingStore(database)
    presence = PresenceStore(database, clock)
    offering = OfferPass(
        waiting=waiting,
        interactions=interactions,
        agents=agents,
        configuration=configuration,
        clock=clock,
        invitation=policy.invitation,
    )
    filler = QueueFiller(
        offering=offering,
        leases=LeaseStore(database, holder),
        agents=agents,
        configuration=configuration,
        broker=broker,
    )
    revoking = Revocations(
        waiting=waiting,
        interactions=interactions,
        agents=agents,
        presence=presence,
        filler=filler,
        clock=clock,
        policy=policy,
    )
    return Parts(
        offering=offering,
        filler=filler,
        desk=InvitationCommands(
            interactions=interactions,
            agents=agents,
            filler=filler,
            clock=clock,
            policy=policy,
        ),
        handing_on=TransferCommands(
            interactions=interactions,
            agents=agents,
            configuration=configuration,
            filler=filler,
            clock=clock,
            policy=policy,
        ),
        revoking=revoking,
        absences=AbsentAgents(
            waiting=waiting,
            interactions=interactions,
            agents=agents,
            presence=presence,
            configuration=configuration,
            revoking=revoking,
            filler=filler,
            clock=clock,
            policy=policy,
        ),
        auditing=PlaceAudit(waiting=waiting, agents=agents),
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
                desk=parts.desk,
                handing_on=parts.handing_on,
                filler=parts.filler,
                absences=parts.absences,
                refusals=Refusals.of(resources),
            )
        )
        async with (
            run_periodically(parts.revoking.revoke_unanswered, every=settings.sweep),
            run_periodically(parts.auditing.audit_places, every=settings.audit),
            run_periodically(parts.absences.look_round, every=settings.audit),
            run_periodically(parts.absences.reclaim_untouched, every=settings.audit * 4),
            run_periodically(parts.filler.request_all, every=settings.sweep * 5),
            parts.filler.running(),
            consumer.running(),
        ):
            yield
