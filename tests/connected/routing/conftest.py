"""Routing, for each test of this package."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from services.routing.policy import Policy
from tests.support.backend import Backend
from tests.support.routing import POLICY, Routing, RoutingBy, routing_in


@pytest.fixture
async def routing_by(backend: Backend) -> AsyncIterator[RoutingBy]:
    """Open routing by any policy, as a further pod each time."""
    async with AsyncExitStack() as stack:

        async def open_routing(policy: Policy) -> Routing:
            return await stack.enter_async_context(routing_in(backend, policy))

        yield open_routing


@pytest.fixture
async def routing(backend: Backend) -> AsyncIterator[Routing]:
    """Routing on the test's own contact center."""
    async with routing_in(backend, POLICY) as routing:
        yield routing
