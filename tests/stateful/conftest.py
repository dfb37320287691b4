"""The whole system, with three agents, on shared servers, or on ones that may be killed."""

import secrets
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest
import yaml
from argon2 import PasswordHasher

from deploy.local.services import Addresses
from deploy.local.stack import system
from tests.faults import archive
from tests.faults.house import House
from tests.fixtures.broker import Broker
from tests.stateful.agent import CAPACITY
from tests.stateful.office import Office, open_office

_SETTINGS: Final = {
    # No invitation ends by itself, whoever is turned down may come again soon.
    "ROUTING_INVITATION": "3600",
    "ROUTING_EXCLUSION": "0.2",
    "ROUTING_SWEEP": "0.2",
    "ROUTING_AUDIT": "1",
    "OUTBOUND_LEASE": "2",
    "OUTBOUND_SWEEP": "0.3",
}
_AGENTS: Final = {
    "agent1": frozenset({"support", "sales"}),
    "agent2": frozenset({"support", "sales"}),
    "agent3": frozenset({"support"}),
}


@pytest.fixture(scope="module")
async def office(
    broker: Broker, mongodb_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Office]:
    """An office on a virtual host and a database of its own."""
    name = f"stateful_{secrets.token_hex(6)}"
    database_url = urlsplit(mongodb_url)._replace(path=f"/{name}").geturl()
    folder = tmp_path_factory.mktemp("office")
    with ExitStack() as stack:
        environment = stack.enter_context(pytest.MonkeyPatch.context())
        for variable, value in _SETTINGS.items():
            environment.setenv(variable, value)
        rabbitmq_url = stack.enter_context(broker.virtual_host())
        async with (
            system(
                rabbitmq_url,
                database_url,
                sent=folder / "sent",
                addresses=Addresses.choose(familiar=False),
                configuration=_contact_center(folder),
                first_pause=0.01,
            ) as running,
            archive.open_client(database_url) as client,
        ):
            house = House(running, rabbitmq_url, client.get_default_database(), folder / "sent")
            async with open_office(house, _AGENTS) as opened:
                yield opened
            await client.drop_database(name)


def _contact_center(folder: Path) -> Path:
    # How long argon2id takes is not what is tested.
    hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    described = {
        "name": "office",
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
