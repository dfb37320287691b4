"""The whole system, with three agents, on shared servers, or on ones that may be killed."""

import secrets
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest
import yaml
from argon2 import PasswordHasher
from pymongo import MongoClient

from deploy.local.servers.accounts import Access
from deploy.local.servers.mongodb import LocalMongoDB
from deploy.local.servers.rabbitmq import LocalRabbitMQ
from deploy.local.stack.services import Addresses
from deploy.local.stack.supervisor import RestartPauses
from deploy.local.stack.system import system
from tests.fixtures.broker import Broker
from tests.stateful.agent import CAPACITY
from tests.stateful.simulation import IS_LONG, Server, Simulation, open_simulation
from tests.support import record_reader
from tests.support.systems.breakable_system import BreakableSystem
from tests.support.systems.forked_services import fork_service

_SETTINGS: Final = {
    # No invitation ends by itself, whoever is turned down may come again soon.
    "ROUTING_INVITATION": "3600",
    "ROUTING_EXCLUSION": "0.2",
    "ROUTING_SWEEP": "0.2",
    "ROUTING_AUDIT": "1",
    "OUTBOUND_LEASE": "2",
    "OUTBOUND_SWEEP": "0.3",
    # Refused operations are requested all at once, and each waits for those before it.
    "GATEWAY_TURN_PATIENCE": "20",
}
_AGENTS: Final = {
    "agent1": frozenset({"support", "sales"}),
    "agent2": frozenset({"support", "sales"}),
    "agent3": frozenset({"support"}),
}


@dataclass(frozen=True)
class StackUrls:
    """The servers of a simulation; `servers` are those that it may kill."""

    rabbitmq_url: str
    mongodb_url: str
    servers: Mapping[str, Server]


@pytest.fixture(scope="module")
def stack_urls(request: pytest.FixtureRequest) -> Iterator[StackUrls]:
    """A virtual host and a database on shared servers, or servers that may be killed."""
    if IS_LONG:
        rabbitmq: LocalRabbitMQ = request.getfixturevalue("private_rabbitmq")
        mongodb: LocalMongoDB = request.getfixturevalue("private_mongodb")
        servers: dict[str, Server] = {"broker": rabbitmq, "database": mongodb}
        yield StackUrls(rabbitmq.url, mongodb.url, servers)
        return
    broker: Broker = request.getfixturevalue("broker")
    shared = urlsplit(request.getfixturevalue("mongodb_url"))
    name = f"stateful_{secrets.token_hex(6)}"
    with broker.virtual_host() as rabbitmq_url:
        yield StackUrls(rabbitmq_url, shared._replace(path=f"/{name}").geturl(), {})
    client: MongoClient[dict[str, object]] = MongoClient(shared.geturl())
    with client:
        client.drop_database(name)


@pytest.fixture(scope="module")
async def simulation(
    stack_urls: StackUrls, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Simulation]:
    """Three agents, and the running system."""
    folder = tmp_path_factory.mktemp("simulation")
    with pytest.MonkeyPatch.context() as environment:
        for variable, value in _SETTINGS.items():
            environment.setenv(variable, value)
        async with (
            system(
                Access(stack_urls.rabbitmq_url, stack_urls.mongodb_url),
                sent=folder / "sent",
                addresses=Addresses.choose(familiar=False),
                configuration=_contact_center(folder),
                pauses=RestartPauses(first=0.01),
                launch=fork_service,
            ) as running,
            record_reader.open_client(stack_urls.mongodb_url) as client,
        ):
            database = client.get_default_database()
            breakable = BreakableSystem(running, stack_urls.rabbitmq_url, database, folder / "sent")
            async with open_simulation(breakable, _AGENTS, stack_urls.servers) as opened:
                yield opened


def _contact_center(folder: Path) -> Path:
    # How long argon2id takes is not what is tested.
    hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    described = {
        "name": "simulation",
        "queues": [{"name": "support"}, {"name": "sales"}, {"name": "drafts"}],
        "workbins": [
            {"name": "email.draft"},
            {"name": "email.in-progress"},
            {"name": "email.group", "owner": "queue"},
        ],
        "mailboxes": [{"address": "support@demo.example", "queue": "support"}],
        "senders": [{"address": "support@demo.example"}],
        "smtp_route": {"host": "localhost", "port": 1025, "tls": "none"},
        "agents": [
            {
                "user_name": name,
                "password_hash": hasher.hash(name),
                "queues": sorted(queues),
                "capacity": CAPACITY,
            }
            for name, queues in _AGENTS.items()
        ],
    }
    file = folder / "contact-center.yaml"
    file.write_text(yaml.safe_dump(described))
    return file
