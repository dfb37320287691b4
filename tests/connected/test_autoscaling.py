"""Each trigger of the autoscaler moves on a real broker when work comes to its queue."""

import asyncio
import json
from math import ceil
from typing import Any
from urllib.parse import urlsplit

import aio_pika
import pytest
from aio_pika import Message

from shared.messaging.connection import virtual_host_of
from tests.deploy.manifests import KEDA, named
from tests.fixtures.broker import Broker
from tests.support.waiting import until

pytestmark = pytest.mark.connected

TRIGGERS = [
    trigger["metadata"]
    for scaled in named("ScaledObject", KEDA).values()
    for trigger in scaled["spec"]["triggers"]
    if trigger["type"] == "rabbitmq"
]
IN_HAND = 2
"""Messages that a pod holds without an acknowledgement."""


def pods_wanted(broker: Broker, vhost: str, trigger: dict[str, Any]) -> int:
    """Return how many pods KEDA asks for: it reads the queue over HTTP, and divides by `value`."""
    name = urlsplit(trigger["queueName"]).path
    queue = json.loads(broker.call("GET", f"/api/queues/{vhost}/{name}"))
    counted = "messages_ready" if trigger["excludeUnacknowledged"] == "true" else "messages"
    return ceil(int(queue.get(counted, 0)) / int(trigger["value"]))


@pytest.mark.usefixtures("backend")  # has declared the queues
async def test_each_trigger_moves_when_work_comes(vhost_url: str, broker: Broker) -> None:
    vhost = virtual_host_of(vhost_url)

    def all_wanted() -> dict[str, int]:
        return {one["queueName"]: pods_wanted(broker, vhost, one) for one in TRIGGERS}

    async def are_idle() -> bool:
        return set((await asyncio.to_thread(all_wanted)).values()) == {0}

    # The broker counts every five seconds, and may still count what was there before.
    assert await until(are_idle, 30), all_wanted()
    async with await aio_pika.connect(vhost_url) as connection:
        channel = await connection.channel()
        for trigger in TRIGGERS:
            queue = await channel.declare_queue(trigger["queueName"], passive=True)
            for _ in range(int(trigger["value"]) + 1):
                await channel.default_exchange.publish(Message(b"x"), trigger["queueName"])
            for _ in range(IN_HAND):
                await queue.get()

        async def have_moved() -> bool:
            return set((await asyncio.to_thread(all_wanted)).values()) == {2}

        assert await until(have_moved, 30), all_wanted()

    assert len(TRIGGERS) == 5
