"""Ready is whether a pod can do its own job: what that is differs from service to service."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import aio_pika
import pytest

from services.ingest.smtp import server_certificate
from shared.messaging.topology import WorkQueue
from shared.runtime import resources
from tests.connected.pods import CONSUMERS, SERVICES, WORKERS, Pod, running_pod
from tests.fixtures.mail_server import write_certificate
from tests.support.backend import Backend

pytestmark = pytest.mark.connected

Pods = Callable[[str], AbstractAsyncContextManager[Pod]]


@pytest.fixture
async def pods(
    backend: Backend, vhost_url: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> Pods:
    """Start a service beside a contact center that is set up."""
    assert backend.publisher.is_open()
    # Ask the database several times a second whether it answers.
    monkeypatch.setattr(resources, "MEASURED_EVERY", timedelta(seconds=0.5))
    for name in ("INGEST_SMTP_PORT", "INGEST_LMTP_PORT", "GATEWAY_PORT"):
        monkeypatch.setenv(name, "0")

    @asynccontextmanager
    async def opened(name: str) -> AsyncIterator[Pod]:
        async with running_pod(name, vhost_url, database_url, monkeypatch) as running:
            assert await running.recovers()
            yield running
            running.broker.restore()
            running.database.restore()
            assert await running.recovers()

    return opened


@pytest.mark.parametrize(("name", "claim"), [("ingest", "consuming"), ("gateway", "events")])
async def test_a_pod_with_other_work_stays_ready_without_broker(
    pods: Pods, name: str, claim: str
) -> None:
    async with pods(name) as running:
        running.broker.cut()

        assert await running.is_degraded(claim)
        assert await running.is_degraded("topology")
        assert running.is_ready()


async def test_broken_new_certificate_is_told_and_mail_still_taken(
    pods: Pods, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "certificate.pem"
    write_certificate(file)
    good = file.read_bytes()
    monkeypatch.setattr(server_certificate, "_LOOKED_AT_EVERY", timedelta(seconds=0.1))
    for name in ("INGEST_TLS_CERTIFICATE", "INGEST_TLS_KEY"):
        monkeypatch.setenv(name, str(file))

    async with pods("ingest") as running:
        file.write_bytes(b"no certificate")
        told = await running.is_degraded("certificate: ")
        ready = running.is_ready()
        file.write_bytes(good)

    assert (told, ready) == (True, True)


@pytest.mark.parametrize("name", WORKERS)
async def test_a_worker_is_not_ready_without_broker(pods: Pods, name: str) -> None:
    async with pods(name) as running:
        running.broker.cut()

        assert await running.fails("consuming")
        assert await running.fails("topology")


@pytest.mark.parametrize("name", SERVICES)
async def test_no_pod_is_ready_without_database(pods: Pods, name: str) -> None:
    async with pods(name) as running:
        running.database.cut()

        assert await running.fails("database")


@pytest.mark.parametrize(("name", "queue"), CONSUMERS.items())
async def test_a_cancelled_consumer_is_noticed(
    pods: Pods, vhost_url: str, name: str, queue: WorkQueue
) -> None:
    async with pods(name) as running, await aio_pika.connect(vhost_url) as connection:
        channel = await connection.channel()
        noticed = running.is_degraded if name == "ingest" else running.fails

        await channel.queue_delete(queue.name)

        assert await noticed("consuming")
        assert running.is_ready() is (name == "ingest")
