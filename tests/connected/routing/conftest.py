"""Routing's parts on real servers."""

from datetime import timedelta

import pytest

from services.routing.app import Parts, assemble
from services.routing.policy import Policy
from tests.connected.world import World

INVITATION = timedelta(seconds=30)
EXCLUSION = timedelta(seconds=60)

Routing = Parts


def routing_in(world: World, policy: Policy) -> Routing:
    """Return routing on a contact center, by a policy."""
    return assemble(
        database=world.database,
        interactions=world.interactions,
        agents=world.agents,
        configuration=world.configuration,
        clock=world.clock,
        policy=policy,
    )


@pytest.fixture
def routing(world: World) -> Routing:
    """Routing on the test's own contact center."""
    return routing_in(world, Policy(invitation=INVITATION, exclusion=EXCLUSION))
