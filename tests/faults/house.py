"""The whole system, every service its own process, and what can be done to it."""

import asyncio
import os
import secrets
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
import yaml

from deploy.local.accounts import Access
from deploy.local.services import NAMES, Addresses
from deploy.local.stack import CONTACT_CENTER, System, system
from tests.faults import archive
from tests.faults.archive import Database
from tests.faults.checker import Books
from tests.faults.senders import Senders

WORKERS: Final = NAMES

_SETTINGS: Final = {
    "OUTBOUND_LEASE": "3",
    "OUTBOUND_SWEEP": "0.5",
    "ROUTING_EXCLUSION": "1",
    "ROUTING_AUDIT": "2",
    "GATEWAY_TURN_PATIENCE": "20",
}
_CAPACITY: Final = 20
_LOOK_EVERY: Final = 0.2


@dataclass(frozen=True)
class House:
    """A system that is up, its database and its sink's folder."""

    system: System
    rabbitmq_url: str
    database: Database
    sent: Path

    def senders(self) -> Senders:
        """Return strangers who mail here."""
        return Senders(self.system.addresses.smtp)

    def signal(self, service: str, number: signal.Signals) -> None:
        """Send a signal to a service's process."""
        os.kill(self.system.supervisor.pid(service), number)

    async def ended(self, service: str) -> int:
        """Return the exit code of a service that is about to end."""
        async with asyncio.timeout(40):
            return await self.system.supervisor.ended(service)

    async def ends(self, service: str) -> int:
        """Return the exit code of a service that is about to end, once its successor is ready."""
        code = await self.ended(service)
        await self.system.supervisor.wait_until_ready(60)
        return code

    async def arm(self, service: str, point: str) -> None:
        """Start a service anew so that it dies at a crash point, once."""
        environment = {"MAILROOM_FAULTS": "1", "CRASH_AT": point}
        self.system.supervisor.arm(service, environment)
        self.signal(service, signal.SIGTERM)
        await self.ends(service)

    async def books(self, run: str, answers: dict[str, list[str]]) -> Books:
        """Return what there is after a run; what agents were told is not in it."""
        mails = await archive.inbound(self.database, run)
        return Books(
            answers=dict(answers),
            arrivals=await archive.arrivals(self.database, run),
            inbound=mails,
            replies=await archive.replies(self.database, [one.id for one in mails]),
            departed=archive.departed(self.sent, run),
        )


@asynccontextmanager
async def open_house(access: Access, folder: Path) -> AsyncIterator[House]:
    """Give a system on these servers whose short durations suit an impatient test."""
    sent = folder / "sent"
    with pytest.MonkeyPatch.context() as environment:
        for name, value in _SETTINGS.items():
            environment.setenv(name, value)
        async with (
            system(
                access,
                sent=sent,
                addresses=Addresses.choose(familiar=False),
                configuration=_busy_contact_center(folder),
                first_pause=0.01,
            ) as running,
            archive.open_client(access.mongodb_url) as client,
        ):
            yield House(running, access.rabbitmq_url, client.get_default_database(), sent)


def new_run() -> str:
    """Return a name that tells one test's mails from another's."""
    return secrets.token_hex(4)


async def until(
    holds: Callable[[], Awaitable[bool]], seconds: float, *, every: float = _LOOK_EVERY
) -> bool:
    """Wait until something holds that other processes bring about; say whether it came to that."""
    end = time.monotonic() + seconds
    while not await holds():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(every)
    return True


def _busy_contact_center(folder: Path) -> Path:
    described = yaml.safe_load(CONTACT_CENTER.read_text())
    for agent in described["agents"]:
        if "Agent" in agent["roles"]:
            agent["capacity"] = _CAPACITY
    file = folder / "contact-center.yaml"
    file.write_text(yaml.safe_dump(described))
    return file
