"""Composes routing: the one place that knows all of its parts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.routing.answering import Desk
from services.routing.handlers import routing_handler
from services.routing.offering import Offering
from services.routing.settings import RoutingSettings
from services.routing.store import WaitingStore
from services.routing.taking_back import TakingBack
from shared.messaging.topology import ROUTING
from shared.runtime.chores import repeating
from shared.runtime.consuming import consuming
from shared.runtime.refusals import Refusals
from shared.runtime.resources import Resources


@asynccontextmanager
async def start(settings: RoutingSettings, resources: Resources) -> AsyncIterator[None]:
    """Run routing for as long as the context lasts."""
    waiting = WaitingStore(resources.database)
    offering = Offering(
        waiting=waiting,
        interactions=resources.interactions,
        agents=resources.agents,
        configuration=resources.configuration,
        clock=resources.clock,
        invitation=settings.invitation,
    )
    desk = Desk(
        interactions=resources.interactions,
        agents=resources.agents,
        configuration=resources.configuration,
        offering=offering,
        clock=resources.clock,
        invitation=settings.invitation,
        exclusion=settings.exclusion,
    )
    taking_back = TakingBack(
        waiting=waiting,
        interactions=resources.interactions,
        agents=resources.agents,
        offering=offering,
        clock=resources.clock,
        exclusion=settings.exclusion,
    )
    async with consuming(settings, resources, ROUTING) as consumer:
        consumer.subscriber(routing_handler(desk, offering, Refusals.of(resources)))
        async with (
            repeating(taking_back.revoke_unanswered, every=settings.sweep),
            repeating(taking_back.audit_places, every=settings.audit),
            repeating(offering.fill_all, every=settings.sweep * 5),
            consumer.running(),
        ):
            yield
