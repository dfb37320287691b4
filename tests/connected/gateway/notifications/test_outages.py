"""Broker or database away: an answer that says so, and work goes on when they are back."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from deploy.local.servers.mongodb import LocalMongoDB
from deploy.local.servers.rabbitmq import LocalRabbitMQ
from services.gateway.notifications.retrying import retry_until_available
from shared.contracts.events import InvitationRevoked
from tests.cometd_client.client import CometdAgent
from tests.support.backend import open_backend
from tests.support.gateway import Gateway, failure, running_gateway

pytestmark = [pytest.mark.connected, pytest.mark.faults]

ACCEPT = {"operationName": "Accept"}


@pytest_asyncio.fixture
async def fragile(
    private_rabbitmq: LocalRabbitMQ, private_mongodb: LocalMongoDB
) -> AsyncIterator[Gateway]:
    """A gateway whose servers may be killed."""
    name = f"test_{secrets.token_hex(6)}"
    database_url = urlsplit(private_mongodb.url)._replace(path=f"/{name}").geturl()
    async with open_backend(private_rabbitmq.url, database_url) as backend:
        backend.clock.move(timedelta(days=36500))
        async with running_gateway(backend, private_rabbitmq.url, database_url) as running:
            await running.add_agent("agent1")
            yield running


async def test_requests_without_a_database_are_answered_503(
    fragile: Gateway, private_mongodb: LocalMongoDB
) -> None:
    agent1 = await fragile.client("agent1")
    assert (await agent1.get("/api/v2/me")).status_code == 200

    await asyncio.to_thread(private_mongodb.kill)
    answer = await agent1.get("/api/v2/me/interactions")
    await asyncio.to_thread(private_mongodb.start)
    again = await agent1.get("/api/v2/me/interactions")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert failure(4, answer.json())
    assert again.json() == {"statusCode": 0, "uris": []}


async def test_broker_outage_refuses_operations_and_events_follow(
    fragile: Gateway, private_rabbitmq: LocalRabbitMQ
) -> None:
    mail = await fragile.offered()
    agent1 = await fragile.client("agent1")
    desktop = CometdAgent(f"{fragile.url}/cometd", "agent1", "agent1")
    async with desktop:
        await desktop.subscribe("/v2/me/interactions")
        assert (await desktop.event())["data"]["state"] == "Invited"

        await asyncio.to_thread(private_rabbitmq.kill)
        answer = await agent1.post(f"/api/v2/me/interactions/{mail.id}", json=ACCEPT)
        await asyncio.to_thread(private_rabbitmq.start)
        await retry_until_available(lambda: fragile.announce(InvitationRevoked.of(mail, "agent1")))

        told = (await desktop.event(timeout=40))["data"]
    assert (told["id"], told["state"], told["sequence"]) == (mail.id, "Revoked", 2)
    assert answer.status_code == 503
    assert failure(4, answer.json())
    # Routing counts no miss for this.
    assert (await fragile.backend.newest("agents", "agent1"))["unheard_at"]
