"""A start with the broker away: who has other work does it at once, who has none waits."""

import asyncio
import os
import secrets
import smtplib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import httpx2
import pytest

from deploy.local.processes.ports import free_port
from deploy.local.servers.rabbitmq import LocalRabbitMQ
from services.gateway.notifications.retrying import retry_until_available
from shared.contracts.events import InvitationAccepted
from shared.contracts.outgoing import wrap
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import State
from shared.messaging.topology import ROUTING
from shared.storage.interactions import interaction_store
from tests.cometd_client.client import CometdAgent
from tests.connected.messaging.queues import waiting_in
from tests.connected.pods import WORKERS, Pod, running_pod
from tests.support.backend import Backend, cause, open_backend
from tests.support.gateway import hashed
from tests.support.ingest import MAIL
from tests.support.waiting import until

pytestmark = [pytest.mark.connected, pytest.mark.faults]

_PATIENCE: Final = 60
COMPLETE: Final = {"operationName": "Complete"}

Pods = Callable[[str], AbstractAsyncContextManager[Pod]]


@dataclass
class Center:
    """A contact center whose broker has been set up and is stopped."""

    backend: Backend
    rabbitmq: LocalRabbitMQ
    database_url: str
    mail: Interaction

    async def has_mails(self, number: int) -> bool:
        """Say whether it comes to so many interactions in the database."""
        collection = self.backend.database[interaction_store.COLLECTION]

        async def holds() -> bool:
            return await collection.count_documents({}) == number

        return await until(holds, 20, every=0.05)

    async def has_told_routing(self, number: int) -> bool:
        """Say whether it comes to so many messages that wait for routing."""

        async def holds() -> bool:
            return await waiting_in(self.rabbitmq.url, ROUTING.name) == number

        return await until(holds, 20)


@pytest.fixture
async def center(private_rabbitmq: LocalRabbitMQ, mongodb_url: str) -> AsyncIterator[Center]:
    """A contact center with one agent and one mail, which the agent works on."""
    name = f"test_{secrets.token_hex(6)}"
    database_url = urlsplit(mongodb_url)._replace(path=f"/{name}").geturl()
    async with open_backend(private_rabbitmq.url, database_url) as backend:
        await backend.add_agent("agent1", password_hash=hashed("agent1"))
        mail = await backend.add_mail(state=State.ACCEPTED, owner_id="agent1", version=3)
        await asyncio.to_thread(private_rabbitmq.settle)
        await asyncio.to_thread(private_rabbitmq.kill)
        try:
            yield Center(backend, private_rabbitmq, database_url, mail)
        finally:
            await backend.database.client.drop_database(name)
            if not private_rabbitmq.is_running():
                await asyncio.to_thread(private_rabbitmq.start)
            private_rabbitmq.control("purge_queue", ROUTING.name)


@pytest.fixture
def pods(center: Center, monkeypatch: pytest.MonkeyPatch) -> Pods:
    """Start a service of that contact center."""
    for variable in ("INGEST_SMTP_PORT", "INGEST_LMTP_PORT", "GATEWAY_PORT"):
        monkeypatch.setenv(variable, str(free_port()))
    return lambda name: running_pod(name, center.rabbitmq.url, center.database_url, monkeypatch)


async def test_ingest_started_without_broker_takes_mail(pods: Pods, center: Center) -> None:
    async with asyncio.timeout(_PATIENCE), pods("ingest") as ingest:
        assert ingest.is_ready()

        await asyncio.to_thread(_hand_in, int(os.environ["INGEST_SMTP_PORT"]))

        assert await center.has_mails(2)
        assert await ingest.is_degraded("consuming")
        await asyncio.to_thread(center.rabbitmq.start)
        assert await ingest.recovers()
        assert await center.has_told_routing(2)


def _hand_in(port: int) -> None:
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.sendmail("ann@example.org", ["support@demo.example"], MAIL)


async def test_gateway_started_without_broker_serves_reads(pods: Pods, center: Center) -> None:
    url, mail = f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}", center.mail
    desktop = CometdAgent(f"{url}/cometd", "agent1", "agent1")
    async with (
        asyncio.timeout(_PATIENCE),
        pods("gateway") as gateway,
        httpx2.AsyncClient(base_url=url, auth=("agent1", "agent1"), timeout=20) as client,
    ):
        assert gateway.is_ready()
        read = await client.get("/api/v2/me/interactions")
        refused = await client.post(f"/api/v2/me/interactions/{mail.id}", json=COMPLETE)
        async with desktop:
            await desktop.subscribe("/v2/me/interactions")
            await asyncio.to_thread(center.rabbitmq.start)
            assert await gateway.recovers()
            event = wrap(InvitationAccepted.of(mail, "agent1"), cause(), center.backend.clock.now())
            await retry_until_available(lambda: center.backend.publisher.publish(event))
            told = await desktop.event(timeout=40)
        done = await client.post(f"/api/v2/me/interactions/{mail.id}", json=COMPLETE)

    assert read.json() == {"statusCode": 0, "uris": [f"{url}/api/v2/interactions/{mail.id}"]}
    assert refused.status_code == 503
    assert (told["data"]["id"], told["data"]["state"]) == (mail.id, "Accepted")
    assert done.status_code == 200


@pytest.mark.parametrize("name", WORKERS)
async def test_worker_started_without_broker_waits_for_it(
    pods: Pods, center: Center, name: str
) -> None:
    started = asyncio.Event()

    async def run() -> None:
        async with pods(name) as worker:
            started.set()
            assert await worker.recovers()

    running = asyncio.create_task(run())
    with suppress(TimeoutError):
        async with asyncio.timeout(2):
            await started.wait()
    began_early = started.is_set()
    await asyncio.to_thread(center.rabbitmq.start)
    async with asyncio.timeout(_PATIENCE):
        await running

    assert not began_early
