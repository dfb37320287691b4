"""What a document owes is published, whatever happens in between."""

from datetime import timedelta

import pytest

from shared.contracts.events import AgentInvited
from shared.contracts.outgoing import wrap
from shared.domain.interaction import Interaction
from shared.messaging.announcer import Announcer
from shared.storage.outbox import CollectionOutbox
from tests.connected.world import World, cause

pytestmark = pytest.mark.connected


@pytest.fixture
def announcer(world: World) -> Announcer:
    """What publishes the interactions' outboxes, and sweeps only when it is told to."""
    return Announcer(world.publisher, CollectionOutbox(world.database["interactions"]))


async def store_without_announcing(world: World) -> Interaction:
    """Store an interaction as a process does that dies before it publishes."""

    async def die(_document_id: str, _owed: object) -> None:
        """Publish nothing."""

    world.interactions._announce = die
    return await world.receive()


async def test_the_sweep_publishes_what_a_dead_process_owed(
    world: World, announcer: Announcer
) -> None:
    await store_without_announcing(world)

    swept = await announcer.sweep(world.clock.now() + timedelta(seconds=1))

    assert swept == 1


async def test_what_is_published_is_struck(world: World, announcer: Announcer) -> None:
    mail = await store_without_announcing(world)
    await announcer.sweep(world.clock.now() + timedelta(seconds=1))

    await announcer.finish()

    assert (await world.newest("interactions", mail.id))["outbox"] == []


async def test_the_sweep_leaves_the_newest_to_those_who_are_at_it(
    world: World, announcer: Announcer
) -> None:
    await store_without_announcing(world)

    assert await announcer.sweep(world.clock.now()) == 0


async def test_events_leave_in_the_order_in_which_they_happened(
    world: World, announcer: Announcer
) -> None:
    mail = await world.receive()
    events = [AgentInvited.of(mail, f"agent{number}") for number in range(20)]

    await announcer.announce(mail.id, [wrap(one, cause(), world.clock.now()) for one in events])

    heard = [(await world.hear(AgentInvited)).agent_id for _ in events]
    assert heard == [f"agent{number}" for number in range(20)]
