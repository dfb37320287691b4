"""Routing's parts on real servers."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from services.routing.answering import Desk
from services.routing.offering import Offering
from services.routing.store import WaitingStore
from services.routing.taking_back import TakingBack
from tests.connected.world import World

INVITATION = timedelta(seconds=30)
EXCLUSION = timedelta(seconds=60)


@dataclass
class Routing:
    """The service without its process."""

    offering: Offering
    desk: Desk
    taking_back: TakingBack


@pytest.fixture
def routing(world: World) -> Routing:
    """Routing on the test's own contact center."""
    waiting = WaitingStore(world.database)
    offering = Offering(
        waiting=waiting,
        interactions=world.interactions,
        agents=world.agents,
        configuration=world.configuration,
        clock=world.clock,
        invitation=INVITATION,
    )
    desk = Desk(
        interactions=world.interactions,
        agents=world.agents,
        configuration=world.configuration,
        offering=offering,
        clock=world.clock,
        invitation=INVITATION,
        exclusion=EXCLUSION,
    )
    taking_back = TakingBack(
        waiting=waiting,
        interactions=world.interactions,
        agents=world.agents,
        offering=offering,
        clock=world.clock,
        exclusion=EXCLUSION,
    )
    return Routing(offering, desk, taking_back)
