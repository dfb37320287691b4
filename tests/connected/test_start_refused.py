"""A start that servers refuse: one line says what to do, and whether it ends or waits."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from deploy.local.processes.ports import free_port
from deploy.local.servers.accounts import Access
from services.console.accounts import DATABASE, accounts_of
from services.console.database_users import put_database_users
from tests.fixtures.broker import Broker

pytestmark = pytest.mark.connected

_PATIENCE: Final = 40
_MISCONFIGURED: Final = 78


@dataclass
class Process:
    """A service's process, and what it has logged so far."""

    process: asyncio.subprocess.Process
    lines: list[dict[str, Any]] = field(default_factory=list)

    async def says(self, event: str) -> str:
        """Return the reason of the next line about something."""
        assert self.process.stderr
        async with asyncio.timeout(_PATIENCE):
            async for line in self.process.stderr:
                self.lines.append(json.loads(line))
                if self.lines[-1]["event"] == event:
                    return str(self.lines[-1]["reason"])
        raise AssertionError(f"it ended without {event}: {self.lines}")

    async def ends(self) -> int:
        """Return the exit code once the process is over."""
        async with asyncio.timeout(_PATIENCE):
            _, rest = await self.process.communicate()
        self.lines += [json.loads(line) for line in rest.splitlines()]
        return self.process.returncode or 0


@asynccontextmanager
async def started(name: str, servers: Mapping[str, str]) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        f"services.{name}",
        env={**os.environ, **servers, "PROBE_HOST": "127.0.0.1", "PROBE_PORT": str(free_port())},
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield Process(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def changed(url: str, *, user: str = "", host: str = "", path: str = "") -> str:
    """Return an address with another user (`name:password`), host or path."""
    parts = urlsplit(url)
    old_user, _, old_host = parts.netloc.rpartition("@")
    netloc = f"{user or old_user}@{host or old_host}"
    return parts._replace(netloc=netloc, path=path or parts.path).geturl()


@pytest_asyncio.fixture
async def access(broker: Broker, mongodb_url: str) -> AsyncIterator[Access]:
    """Servers where each service is a user of its own of the database."""
    with broker.access(mongodb_url.replace("/mailroom?", "/refused?")) as made:
        assert made.accounts
        given = accounts_of(DATABASE, made.accounts.variables)
        await put_database_users(made.mongodb_url, made.mongodb_url, given)
        yield made


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("password", "see user, password and authSource in MONGODB_URL"),
        ("rights", "run `mailroom apply FILE`"),
        ("address", "MONGODB_URL is wrong"),
        ("broker", "RABBITMQ_URL: "),
    ],
)
async def test_start_that_cannot_succeed_ends_with_one_line(
    access: Access, fault: str, words: str
) -> None:
    servers = access.of_service("attachments") | {"RABBITMQ_URL": access.rabbitmq_url}
    servers |= {
        "password": {"MONGODB_URL": changed(servers["MONGODB_URL"], user="somebody:wrong")},
        "rights": {"MONGODB_URL": access.of_service("ingest")["MONGODB_URL"]},
        "address": {"MONGODB_URL": "mongodb://one:two:three"},
        "broker": {"RABBITMQ_URL": "rabbit.example"},
    }[fault]

    async with started("attachments", servers) as process:
        code = await process.ends()

    assert code == _MISCONFIGURED
    (line,) = [one for one in process.lines if one["level"] == "critical"]
    assert line["event"] == "wrong setting"
    assert words in line["problem"]
    assert not any("exception" in one for one in process.lines)
    assert "wrong" not in line["problem"].replace("is wrong", "")


async def test_certificate_that_is_none_ends_the_start_with_one_line(
    access: Access, tmp_path: Path
) -> None:
    file = tmp_path / "certificate.pem"
    file.write_text("no certificate")
    settings = dict.fromkeys(("INGEST_TLS_CERTIFICATE", "INGEST_TLS_KEY"), str(file))
    servers = access.of_service("ingest") | {"RABBITMQ_URL": access.rabbitmq_url} | settings

    async with started("ingest", servers) as process:
        code = await process.ends()

    assert code == _MISCONFIGURED
    (line,) = [one for one in process.lines if one["level"] == "critical"]
    assert line["event"] == "wrong setting"
    assert f"INGEST_TLS_CERTIFICATE {file}" in line["problem"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"user": "somebody:wrong"}, "it refuses user somebody: see user and password in"),
        ({"path": "/nowhere"}, "it has no virtual host nowhere, or does not let this user in"),
        ({"host": "broker.invalid:5672"}, "(broker.invalid:5672, see RABBITMQ_URL)"),
    ],
)
async def test_broker_that_refuses_is_waited_for_with_words(
    access: Access, change: dict[str, str], words: str
) -> None:
    servers = access.of_service("attachments")
    servers["RABBITMQ_URL"] = changed(access.rabbitmq_url, **change)

    async with started("attachments", servers) as process:
        reason = await process.says("broker cannot be reached yet")
        process.process.terminate()
        code = await process.ends()

    assert words in reason
    assert "wrong" not in json.dumps(process.lines)
    assert code == 0


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mongodb://database.invalid/", "ServerSelectionTimeoutError: database.invalid:27017: "),
        ("mongodb+srv://database.invalid/", "ConfigurationError: The DNS query name does not"),
    ],
)
async def test_database_that_nobody_knows_is_waited_for_with_words(
    access: Access, url: str, words: str
) -> None:
    servers = {"RABBITMQ_URL": access.rabbitmq_url, "MONGODB_URL": url}

    async with started("attachments", servers) as process:
        reason = await process.says("database does not answer yet")
        process.process.terminate()
        code = await process.ends()

    assert words in reason
    assert reason.endswith("see MONGODB_URL")
    assert code == 0
