"""A service in the test's own process, with links to its servers that a test cuts."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from prometheus_client import CollectorRegistry

from services.attachments.app import start as start_attachments
from services.attachments.settings import AttachmentsSettings
from services.composition.app import start as start_composition
from services.composition.settings import CompositionSettings
from services.fetching.app import start as start_fetching
from services.fetching.settings import FetchingSettings
from services.gateway.app import start as start_gateway
from services.gateway.settings import GatewaySettings
from services.ingest.app import start as start_ingest
from services.ingest.settings import IngestSettings
from services.outbound.app import start as start_outbound
from services.outbound.settings import OutboundSettings
from services.routing.app import start as start_routing
from services.routing.settings import RoutingSettings
from shared.messaging.topology import ATTACHMENTS, COMPOSITION, INGEST, OUTBOUND, ROUTING, WorkQueue
from shared.observability.probes import Health
from shared.runtime.resources import Resources, open_resources
from shared.runtime.settings import ServiceSettings
from tests.support.systems.breakable_link import BreakableLink
from tests.support.waiting import until

Start = Callable[[Any, Resources], AbstractAsyncContextManager[None]]


def _gateway(settings: GatewaySettings, opened: Resources) -> AbstractAsyncContextManager[None]:
    return start_gateway(settings, opened, CollectorRegistry())


SERVICES: dict[str, tuple[type[ServiceSettings], Start]] = {
    "ingest": (IngestSettings, start_ingest),
    "fetching": (FetchingSettings, start_fetching),
    "gateway": (GatewaySettings, _gateway),
    "routing": (RoutingSettings, start_routing),
    "composition": (CompositionSettings, start_composition),
    "outbound": (OutboundSettings, start_outbound),
    "attachments": (AttachmentsSettings, start_attachments),
}

WORKERS: dict[str, WorkQueue] = {
    "routing": ROUTING,
    "composition": COMPOSITION,
    "outbound": OUTBOUND,
    "attachments": ATTACHMENTS,
}
"""Services that do nothing but what the broker gives them, and their queues."""

CONSUMERS: dict[str, WorkQueue] = {"ingest": INGEST, **WORKERS}


@dataclass
class Pod:
    """A running service, and the links to its servers."""

    health: Health
    broker: BreakableLink
    database: BreakableLink

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
        """Say whether all holds that the pod needs for its own job."""
        return not self.health.failing(self.health.ready)

    async def recovers(self) -> bool:
        """Say whether it comes to every claim holding."""

        async def holds() -> bool:
            everything = self.health.ready | self.health.degraded
            return not self.health.failing(everything)

        return await until(holds, 30, every=0.05)


@asynccontextmanager
async def running_pod(
    name: str, broker_url: str, database_url: str, environment: pytest.MonkeyPatch
) -> AsyncIterator[Pod]:
    """Give a service once its start is over."""
    settings_class, start = SERVICES[name]
    async with (
        BreakableLink.opened(_address(broker_url)) as broker,
        BreakableLink.opened(_address(database_url)) as database,
    ):
        environment.setenv("RABBITMQ_URL", _through(broker, broker_url))
        # By its own name the server would be found without the link.
        through = re.sub("replicaSet=[^&]*", "directConnection=true", database_url)
        environment.setenv("MONGODB_URL", _through(database, through))
        settings, health = settings_class(), Health()
        async with (
            open_resources(settings, name=name, health=health) as opened,
            start(settings, opened),
        ):
            yield Pod(health, broker, database)


def _address(url: str) -> str:
    parts = urlsplit(url)
    return f"http://{parts.hostname}:{parts.port}"


def _through(link: BreakableLink, url: str) -> str:
    parts, port = urlsplit(url), urlsplit(link.url).port
    user = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user[0]}{user[1]}localhost:{port}").geturl()
