"""Every service as its own process, on a virtual host and a database of its own."""

import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pymongo import AsyncMongoClient

from deploy.local.stack.services import Addresses
from deploy.local.stack.system import CONTACT_CENTER, System, system
from tests.fixtures.broker import Broker
from tests.support.systems.forked_services import fork_service


@asynccontextmanager
async def whole_system(
    broker: Broker,
    mongodb_url: str,
    sent: Path,
    *,
    invitation: str,
    configuration: Path = CONTACT_CENTER,
    addresses: Addresses | None = None,
    settings: Mapping[str, str] | None = None,
) -> AsyncIterator[System]:
    """Give a system, each service as its own user; `sent` gets the mails that leave.

    An offer lasts `invitation` seconds. `configuration` describes the contact center. `settings`
    are variables of all services.
    """
    addresses = addresses or Addresses.choose(familiar=False)
    name = f"journey_{secrets.token_hex(6)}"
    database_url = urlsplit(mongodb_url)._replace(path=f"/{name}").geturl()
    with pytest.MonkeyPatch.context() as environment, broker.access(database_url) as access:
        for variable, value in {"ROUTING_INVITATION": invitation, **(settings or {})}.items():
            environment.setenv(variable, value)
        async with system(
            access,
            sent=sent,
            addresses=addresses,
            configuration=configuration,
            launch=fork_service,
        ) as up:
            yield up
    async with AsyncMongoClient[dict[str, object]](database_url) as client:
        await client.drop_database(name)
