"""Ready is whether a pod can do its own job: what that is differs from service to service."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import aio_pika
import pytest
from prometheus_client import CollectorRegistry

from services.gateway.app import start as start_gateway
from services.gateway.settings import GatewaySettings
from services.ingest.app import start as start_ingest
from services.ingest.settings import IngestSettings
from services.routing.app import start as start_routing
from services.routing.settings import RoutingSettings
from shared.messaging.declaring import declare_topology
from shared.messaging.topology import INGEST, ROUTING, WorkQueue
from shared.observability.probes import Health
from shared.runtime import resources
from shared.runtime.resources import Resources, open_resources
from shared.runtime.settings import ServiceSettings
from tests.connected.bayeux.cable import Cable
from tests.connected.world import World
from tests.faults.house import until

pytestmark = pytest.mark.connected

Start = Callable[[Any, Resources], AbstractAsyncContextManager[None]]


def gateway(settings: GatewaySettings, opened: Resources) -> AbstractAsyncContextManager[None]:
    return start_gateway(settings, opened, CollectorRegistry())


SERVICES: dict[str, tuple[type[ServiceSettings], Start]] = {
    "ingest": (IngestSettings, start_ingest),
    "gateway": (GatewaySettings, gateway),
    "routing": (RoutingSettings, start_routing),
}


@dataclass
class Pod:
    """A service in this process, and the cables to its servers."""

    health: Health
    broker: Cable
    database: Cable

    async def fails(self, name: str) -> bool:
        """Say whether it comes to a claim failing, which makes the pod not Ready."""

        async def holds() -> bool:
            return any(one.startswith(name) for one in self.health.failing(self.health.ready))

        return await until(holds, 20, every=0.05)

    async def is_degraded(self, name: str) -> bool:
        """Say whether it comes to a claim failing that leaves the pod Ready."""

        async def holds() -> bool:
            return any(one.startswith(name) for one in self.health.failing(self.health.degraded))

        return await until(holds, 20, every=0.05)

    def is_ready(self) -> bool:
        return not self.health.failing(self.health.ready)

    async def recovers(self) -> bool:
        async def holds() -> bool:
            everything = self.health.ready | self.health.degraded
            return not self.health.failing(everything)

        return await until(holds, 30, every=0.05)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask the database several times a second whether it answers."""
    monkeypatch.setattr(resources, "MEASURED_EVERY", timedelta(seconds=0.5))
    for name in ("INGEST_SMTP_PORT", "INGEST_LMTP_PORT", "GATEWAY_PORT"):
        monkeypatch.setenv(name, "0")


@asynccontextmanager
async def pod(
    name: str, broker_url: str, database_url: str, environment: pytest.MonkeyPatch
) -> AsyncIterator[Pod]:
    settings_class, start = SERVICES[name]
    async with (
        Cable.laid(_address(broker_url)) as broker,
        Cable.laid(_address(database_url)) as database,
    ):
        environment.setenv("RABBITMQ_URL", _by_way_of(broker, broker_url))
        # By its own name the server would be found beside the cable.
        through = re.sub("replicaSet=[^&]*", "directConnection=true", database_url)
        environment.setenv("MONGODB_URL", _by_way_of(database, through))
        settings, health = settings_class(), Health()
        async with (
            open_resources(settings, name=name, health=health) as opened,
            start(settings, opened),
        ):
            running = Pod(health, broker, database)
            assert await running.recovers()
            yield running
            broker.mend()
            database.mend()
            assert await running.recovers()


def _address(url: str) -> str:
    parts = urlsplit(url)
    return f"http://{parts.hostname}:{parts.port}"


def _by_way_of(cable: Cable, url: str) -> str:
    parts, port = urlsplit(url), urlsplit(cable.url).port
    user = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user[0]}{user[1]}localhost:{port}").geturl()


@pytest.fixture
async def pods(
    world: World, vhost_url: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], AbstractAsyncContextManager[Pod]]:
    """Start a service beside a contact center that is set up."""
    assert world.publisher.is_open()
    await declare_topology(vhost_url)
    return lambda name: pod(name, vhost_url, database_url, monkeypatch)


Pods = Callable[[str], AbstractAsyncContextManager[Pod]]


@pytest.mark.parametrize(("name", "claim"), [("ingest", "consuming"), ("gateway", "events")])
async def test_a_pod_with_other_work_stays_ready_without_broker(
    pods: Pods, name: str, claim: str
) -> None:
    async with pods(name) as running:
        running.broker.cut()

        assert await running.is_degraded(claim)
        assert await running.is_degraded("topology")
        assert running.is_ready()


async def test_a_worker_is_not_ready_without_broker(pods: Pods) -> None:
    async with pods("routing") as running:
        running.broker.cut()

        assert await running.fails("consuming")


@pytest.mark.parametrize("name", ["ingest", "gateway", "routing"])
async def test_no_pod_is_ready_without_database(pods: Pods, name: str) -> None:
    async with pods(name) as running:
        running.database.cut()

        assert await running.fails("database")


@pytest.mark.parametrize(("name", "queue"), [("ingest", INGEST), ("routing", ROUTING)])
async def test_a_cancelled_consumer_is_noticed(
    pods: Pods, vhost_url: str, name: str, queue: WorkQueue
) -> None:
    async with pods(name) as running, await aio_pika.connect(vhost_url) as connection:
        channel = await connection.channel()
        noticed = running.is_degraded if name == "ingest" else running.fails

        await channel.queue_delete(queue.name)

        assert await noticed("consuming")
        assert running.is_ready() is (name == "ingest")
