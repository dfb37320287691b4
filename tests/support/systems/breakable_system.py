"""The whole system, every service a process of its own, which a test signals, kills and arms."""

import asyncio
import hashlib
import os
import secrets
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
import yaml

from deploy.local.servers.accounts import Access
from deploy.local.servers.mongodb import LocalMongoDB
from deploy.local.servers.rabbitmq import LocalRabbitMQ
from deploy.local.stack.services import NAMES, Addresses
from deploy.local.stack.supervisor import RestartPauses
from deploy.local.stack.system import CONTACT_CENTER, System, system
from shared.domain.lifecycle import State
from shared.storage.database.client import Database
from tests.support import record_reader
from tests.support.record_checker import RunRecord
from tests.support.systems.forked_services import fork_service
from tests.support.systems.mail_senders import MailSenders

WORKERS: Final = NAMES

_SETTINGS: Final = {
    "OUTBOUND_LEASE": "3",
    "OUTBOUND_SWEEP": "0.5",
    "ROUTING_EXCLUSION": "1",
    "ROUTING_AUDIT": "2",
    "GATEWAY_TURN_PATIENCE": "20",
}
_CAPACITY: Final = 20
GREETED: Final = "hello@demo.example"
"""A mailbox that acknowledges, and whose mail no agent is offered."""
UNHEARD: Final = "door@demo.example"
"""A mailbox whose mail no agent is offered, as nobody serves its queue."""
PROGRAM_TOKEN: Final = "program"
"""The token of a program that may hand in mail for `UNHEARD`."""


@dataclass(frozen=True)
class BreakableSystem:
    """A system that is up, its database and its sink's folder."""

    system: System
    rabbitmq_url: str
    database: Database
    sent: Path

    def senders(self) -> MailSenders:
        """Return strangers who mail here."""
        return MailSenders(self.system.addresses.smtp)

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

    async def offered(self) -> list[str]:
        """Return the ids of mails that an agent is or will be offered, and complete them all."""
        open_ones = {
            "state": {"$in": [State.QUEUED.value, State.INVITED.value]},
            "queue": {"$ne": "nobody"},
        }
        found = await self.database["interactions"].find(open_ones, {"_id": 1}).to_list()
        await self.database["interactions"].update_many(
            open_ones, {"$set": {"state": State.COMPLETED.value}, "$inc": {"version": 1}}
        )
        return [one["_id"] for one in found]

    async def record(self, run: str, answers: dict[str, list[str]]) -> RunRecord:
        """Return what there is after a run; what agents were told is not in it."""
        mails = await record_reader.inbound(self.database, run)
        return RunRecord(
            answers=dict(answers),
            arrivals=await record_reader.arrivals(self.database, run),
            inbound=mails,
            replies=await record_reader.replies(self.database, [one.id for one in mails]),
            sent_mails=record_reader.sent_mails(self.sent, run),
        )


@dataclass(frozen=True)
class BreakableStack:
    """A system, and the servers under it that a test may kill."""

    breakable: BreakableSystem
    rabbitmq: LocalRabbitMQ
    mongodb: LocalMongoDB
    access: Access


@asynccontextmanager
async def open_breakable_system(access: Access, folder: Path) -> AsyncIterator[BreakableSystem]:
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
                # Tests kill the same service dozens of times.
                pauses=RestartPauses(first=0.01, longest=0.1),
                launch=fork_service,
            ) as running,
            record_reader.open_client(access.mongodb_url) as client,
        ):
            yield BreakableSystem(running, access.rabbitmq_url, client.get_default_database(), sent)


def new_run() -> str:
    """Return a name that tells one test's mails from another's."""
    return secrets.token_hex(4)


def _busy_contact_center(folder: Path) -> Path:
    described = yaml.safe_load(CONTACT_CENTER.read_text())
    for agent in described["agents"]:
        if "Agent" in agent["roles"]:
            agent["capacity"] = _CAPACITY
    digest = hashlib.sha256(PROGRAM_TOKEN.encode()).hexdigest()
    described["tokens"] = [{"name": "program", "sha256": digest}]
    described["queues"].append({"name": "nobody"})
    described["mailboxes"].append(
        {"address": UNHEARD, "queue": "nobody", "drop": {"tokens": ["program"]}}
    )
    described["mailboxes"].append(
        {
            "address": GREETED,
            "queue": "nobody",
            "acknowledgement": {"text": "We have your mail."},
        }
    )
    file = folder / "contact-center.yaml"
    file.write_text(yaml.safe_dump(described))
    return file
