"""Deleted queues come back by themselves, and until then nothing is published into a void."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aio_pika
import pytest
import pytest_asyncio
from aio_pika.abc import AbstractChannel

from shared.contracts.commands import DeliverMail, ParseMail
from shared.contracts.envelope import EVENTS, Cause, Contract
from shared.contracts.events import AgentReady
from shared.contracts.outgoing import Outgoing, wrap
from shared.domain.clock import SystemClock
from shared.domain.errors import Unavailable
from shared.messaging import topology_upkeep
from shared.messaging.declaration import declare, declare_topology
from shared.messaging.publisher import Publisher, UnroutableError, open_service_publisher
from shared.messaging.topology import COMPOSITION, INGEST, JOURNAL, OUTBOUND, ROUTING
from shared.messaging.topology_upkeep import TopologyUpkeep
from shared.runtime.rights import RIGHTS
from tests.connected.messaging.queues import waiting_in
from tests.support.waiting import until

pytestmark = pytest.mark.connected


@dataclass
class Service:
    """A service's end of the broker, and a channel of somebody who tampers with it."""

    publisher: Publisher
    upkeep: TopologyUpkeep
    channel: AbstractChannel
    url: str

    async def reports(self, words: str) -> str:
        """Return the problem once it is the one that is expected; empty for none at all."""

        async def holds() -> bool:
            problem = self.upkeep.problem()
            return words in problem if words else not problem

        assert await until(holds, 20, every=0.05)
        return self.upkeep.problem()

    async def publishes(self, message: Outgoing) -> bool:
        """Say whether a message is published at last."""

        async def holds() -> bool:
            try:
                await self.publisher.publish(message)
            except Unavailable:
                return False
            return True

        return await until(holds, 20, every=0.05)


@asynccontextmanager
async def upkeep_of(url: str, name: str = "composition") -> AsyncIterator[Service]:
    rights = RIGHTS[name].broker
    async with (
        open_service_publisher(url, name="test", rights=rights) as (publisher, upkeep),
        await aio_pika.connect(url) as connection,
    ):
        await upkeep.declared()
        yield Service(publisher, upkeep, await connection.channel(), url)


@pytest_asyncio.fixture
async def service(vhost_url: str) -> AsyncIterator[Service]:
    """Composition on a broker where everything is in place."""
    async with upkeep_of(vhost_url) as opened:
        await opened.reports("")
        yield opened


def order(contract: Contract | None = None) -> Outgoing:
    return wrap(contract or DeliverMail(interaction_id="1"), Cause(), SystemClock().now())


async def test_service_makes_its_own_queue_and_names_those_that_are_missing(
    bare_vhost_url: str,
) -> None:
    async with upkeep_of(bare_vhost_url) as alone:
        problem = await alone.reports("no queue")

        own = await alone.channel.declare_queue(COMPOSITION.parking, passive=True)
        with pytest.raises(Unavailable, match="mailroom apply"):
            await alone.publisher.publish(order())

        assert "start the" in problem
        assert own.declaration_result.message_count == 0
        await declare_topology(bare_vhost_url)
        await alone.reports("")
        await alone.publisher.publish(order())

    assert await waiting_in(bare_vhost_url, OUTBOUND.name) == 1


@pytest.mark.parametrize(
    "name", [COMPOSITION.name, COMPOSITION.parking, COMPOSITION.waiting_rooms[0].name]
)
async def test_own_queue_deleted_by_hand_comes_back_with_bindings(
    service: Service, name: str
) -> None:
    await service.channel.queue_delete(name)

    service.upkeep.look_again()
    copy = Outgoing("1", COMPOSITION.retries, name, b"{}")
    assert await service.publishes(copy)
    assert await waiting_in(service.url, name) == 1


async def test_event_whose_queue_lost_its_bindings_is_not_published(service: Service) -> None:
    for queue in (ROUTING, JOURNAL):
        await service.channel.queue_delete(queue.name)

    with pytest.raises(UnroutableError):
        await service.publisher.publish(order(AgentReady(agent_id="1")))


async def test_exchange_behind_which_a_queue_is_missing_is_closed(service: Service) -> None:
    await service.channel.queue_delete(JOURNAL.parking)
    service.upkeep.look_again()
    await service.reports(JOURNAL.name)

    assert not service.upkeep.is_open(EVENTS)
    assert service.upkeep.is_open(OUTBOUND.commands)


async def test_messages_of_a_wiped_broker_are_published_again(service: Service) -> None:
    await service.publisher.publish(order())
    async with await aio_pika.connect(service.url) as connection:
        channel = await connection.channel()
        for queue in (service.upkeep.marker, OUTBOUND.name):
            await channel.queue_delete(queue)
    await declare_topology(service.url)

    service.upkeep.look_again()

    async def is_there() -> bool:
        return await waiting_in(service.url, OUTBOUND.name) == 1

    assert await until(is_there, 20)


async def test_service_without_a_queue_publishes_again_what_was_lost(vhost_url: str) -> None:
    message = order(ParseMail(arrival_id="1"))
    async with upkeep_of(vhost_url, "fetching") as fetching:
        await fetching.reports("")
        await fetching.publisher.publish(message)
        for queue in (fetching.upkeep.marker, INGEST.name):
            await fetching.channel.queue_delete(queue)
        await declare_topology(vhost_url)

        fetching.upkeep.look_again()

        async def is_there() -> bool:
            return await waiting_in(vhost_url, INGEST.name) == 1

        assert await until(is_there, 20)


async def test_broker_that_does_not_answer_is_told_until_it_answers(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = asyncio.Event()

    async def declare_late(*parts: Any) -> None:
        await answers.wait()
        await declare(*parts)

    async def is_silent() -> bool:
        return "has not answered" in service.upkeep.silence()

    async def answers_again() -> bool:
        return not service.upkeep.silence()

    monkeypatch.setattr(topology_upkeep, "_LONGEST_LOOK_SECONDS", 0.1)
    monkeypatch.setattr(topology_upkeep, "declare", declare_late)
    service.upkeep.look_again()
    assert await until(is_silent, 20, every=0.05)
    problem = service.upkeep.problem()
    monkeypatch.setattr(topology_upkeep, "_LONGEST_LOOK_SECONDS", 20.0)
    answers.set()

    assert await until(answers_again, 20, every=0.05)
    # Under an alarm the queues still exist.
    assert problem == ""
