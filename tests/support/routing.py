"""Routing's parts on real servers."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import uuid4

from services.routing.app import Dependencies, Parts, assemble
from services.routing.policy import Policy
from tests.support.backend import Backend

INVITATION = timedelta(seconds=30)
EXCLUSION = timedelta(seconds=60)
POLICY = Policy(invitation=INVITATION, answer_grace=timedelta(0), exclusion=EXCLUSION)

Routing = Parts
RoutingBy = Callable[[Policy], Awaitable[Routing]]


@asynccontextmanager
async def routing_in(backend: Backend, policy: Policy) -> AsyncIterator[Routing]:
    """Give routing on a contact center, by a policy, as a pod of its own that fills queues."""
    parts = assemble(
        Dependencies(
            database=backend.database,
            interactions=backend.interactions,
            agents=backend.agents,
            configuration=backend.configuration,
            clock=backend.clock,
            policy=policy,
            broker=backend.publisher,
            holder=uuid4().hex,
        )
    )
    async with parts.filler.running():
        yield parts


async def fill(routing: Routing, queue: str = "support") -> None:
    """Return when everything that waits in a queue has been offered as far as it goes."""
    routing.filler.request(queue)
    await routing.filler.wait_until_idle()


async def fill_for(routing: Routing, agent_id: str) -> None:
    """Return when everything that waits for an agent has been offered as far as it goes."""
    routing.filler.request_for(agent_id)
    await routing.filler.wait_until_idle()


async def fill_all(routing: Routing) -> None:
    """Return when everything that waits anywhere has been offered as far as it goes."""
    await routing.filler.request_all()
    await routing.filler.wait_until_idle()


async def revoke(routing: Routing) -> int:
    """Take back what nobody answered, and return when it has been offered anew; say how many."""
    revoked = await routing.revocations.revoke_unanswered()
    await routing.filler.wait_until_idle()
    return revoked
