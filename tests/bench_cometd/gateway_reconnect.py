"""Kills the gateway under agents with journals and measures how soon all are back."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from services.gateway.auth.sessions.session_store import LoginSession, SessionStore
from services.gateway.notifications.topics import CHANNELS
from shared.contracts.events import AgentReady
from shared.contracts.outgoing import wrap
from shared.domain.clock import SystemClock
from shared.messaging.declaration import declare_topology
from shared.messaging.publisher import Publisher, open_publisher
from shared.storage.agents import agent_login_store
from shared.storage.agents import agent_store as agents
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.database.client import Database, open_database
from shared.storage.indexes import create_indexes
from tests.bench_cometd.reconnecting_clients import ReconnectingClients
from tests.connected.gateway.process import Process
from tests.support.backend import CENTER, agent_document, cause, login_document

EVENTS: Final = 3
_PATIENCE: Final = 120.0
_LASTS: Final = timedelta(hours=8)


@dataclass(frozen=True, slots=True)
class ReconnectTimes:
    """Seconds from the kill: when the new process was ready, when half and all were subscribed,
    and when all had heard all; `whole` counts the agents who heard all once and in order.
    """

    ready: float
    half: float
    all: float
    heard: float
    whole: int


@dataclass(frozen=True, slots=True)
class _Servers:
    database: Database
    publisher: Publisher


async def measure_gateway_return(rabbitmq_url: str, database_url: str, size: int) -> ReconnectTimes:
    """Kill a gateway while something happens to each of its agents, and start another.

    The agents have sessions of REST, as desktops in browsers have; events come before the kill,
    while there is no gateway, and after it.
    """
    async with (
        _servers(rabbitmq_url, database_url) as servers,
        _gateway(rabbitmq_url, database_url) as process,
    ):
        agents = [f"agent{number}" for number in range(size)]
        await _add_agents(servers.database, agents)
        clients = ReconnectingClients(
            process.url, size, CHANNELS, lambda number: _cookie(agents[number])
        )
        async with clients.running():
            await clients.wait_until_subscribed(within=_PATIENCE)
            await _announce(servers.publisher, agents)
            await clients.wait_until_heard(1, within=_PATIENCE)
            return await _kill(servers, process, clients, agents)


async def _kill(
    servers: _Servers, process: Process, clients: ReconnectingClients, agents: Sequence[str]
) -> ReconnectTimes:
    await process.kill()
    killed = time.monotonic()
    happening = asyncio.create_task(_announce(servers.publisher, agents))
    await process.start()
    ready = time.monotonic()
    await clients.wait_until_subscribed(within=_PATIENCE)
    await happening
    await _announce(servers.publisher, agents)
    await clients.wait_until_heard(EVENTS, within=_PATIENCE)
    heard = time.monotonic()
    back = sorted(clients.back.values())
    return ReconnectTimes(
        ready - killed,
        back[len(back) // 2] - killed,
        back[-1] - killed,
        heard - killed,
        sum(events == list(range(1, EVENTS + 1)) for events in clients.heard.values()),
    )


@asynccontextmanager
async def _servers(rabbitmq_url: str, database_url: str) -> AsyncIterator[_Servers]:
    """Make what a gateway finds when it starts, and nothing else."""
    async with (
        open_database(database_url, name="herd") as database,
        open_publisher(rabbitmq_url, name="herd") as publisher,
    ):
        await create_indexes(database)
        await declare_topology(rabbitmq_url)
        await ConfigurationStore(database, SystemClock()).write(CENTER)
        yield _Servers(database, publisher)


@asynccontextmanager
async def _gateway(rabbitmq_url: str, database_url: str) -> AsyncIterator[Process]:
    process = Process(rabbitmq_url, database_url)
    await process.start()
    try:
        yield process
    finally:
        await process.kill()


async def _add_agents(database: Database, names: Sequence[str]) -> None:
    """Add agents who have logged in before."""
    sessions = SessionStore(database)
    proof = hashlib.sha256(b"").hexdigest()[:32]
    until = datetime.now(UTC) + _LASTS
    await database[agent_login_store.COLLECTION].insert_many([login_document(one) for one in names])
    await database[agents.COLLECTION].insert_many([agent_document(one) for one in names])
    for name in names:
        await sessions.add(_token(name), LoginSession(name, "csrf", proof, until, until))


def _token(agent: str) -> str:
    return f"cookie-of-{agent}"


def _cookie(agent: str) -> dict[str, str]:
    return {"Cookie": f"JSESSIONID={_token(agent)}"}


async def _announce(publisher: Publisher, agents: Sequence[str]) -> None:
    """Let something happen to each of them."""
    now = datetime.now(UTC)
    await publisher.publish_all(
        [wrap(AgentReady(agent_id=agent), cause(), now) for agent in agents]
    )
