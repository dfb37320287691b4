"""The whole system, every service its own process, for all journeys."""

from collections.abc import AsyncIterator

import httpx2 as httpx
import pytest

from deploy.local.stack import System
from tests.fixtures.broker import Broker
from tests.support.clients import AgentClient
from tests.support.whole_system import whole_system

INVITATION_SECONDS = "4"


@pytest.fixture(scope="package")
async def running(
    broker: Broker, mongodb_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[System]:
    """A system on a virtual host and a database of its own, each service as its own user.

    An invitation lasts 4 seconds. Each journey ends with nobody ready and no mail waiting.
    """
    sent = tmp_path_factory.mktemp("sent")
    async with whole_system(broker, mongodb_url, sent, invitation=INVITATION_SECONDS) as up:
        yield up


@pytest.fixture
async def agent1(running: System) -> AsyncIterator[AgentClient]:
    """The first agent's REST client."""
    async with httpx.AsyncClient(
        base_url=running.gateway_url, auth=("agent1", "agent1"), timeout=30
    ) as client:
        yield AgentClient(client)


@pytest.fixture
async def agent2(running: System) -> AsyncIterator[AgentClient]:
    """The second agent's REST client."""
    async with httpx.AsyncClient(
        base_url=running.gateway_url, auth=("agent2", "agent2"), timeout=30
    ) as client:
        yield AgentClient(client)
