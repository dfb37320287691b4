"""`python -m tests.bench.fetching`: what one process of fetching does on a real IMAP server.

Mails a second, beside a loop of the bare IMAP client in the same run that fetches and marks one
mail after the other and stores nothing; a first look into a folder with many old mails; and the
processor and memory of many mailboxes that wait in IDLE.
"""

import argparse
import asyncio
import contextlib
import os
import secrets
import shutil
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from imapclient import IMAPClient

from deploy.local.folders import temporary_folder
from deploy.local.processes.child import Child, Program
from deploy.local.processes.ports import free_port
from deploy.local.progress import NotPossibleError, report
from deploy.local.servers.running_servers import Servers, servers
from shared.contracts.contact_center import ContactCenter
from shared.domain.clock import SystemClock
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.database.client import Collection, Database, Document, open_database
from shared.storage.mails import arrival_store, mailbox_store
from tests.bench.instruments.processes import cpu_seconds, resident_megabytes
from tests.bench.tables.table import Aim, Row, Section
from tests.fixtures.broker import Broker
from tests.fixtures.imap_server import PASSWORD, ImapServer, running_imap_server
from tests.support.fetching import PASSWORDS, described, fetch
from tests.support.waiting import until

_LONGEST: Final = 900
_OLD: Final = datetime(2025, 1, 1).astimezone()
_TEXT: Final = "The parcel came without its cable, and the shop is closed.\r\n" * 40
_TOGETHER: Final = 50


@dataclass(frozen=True, slots=True)
class Pod:
    """A process of fetching, and its database."""

    process: Child
    database: Database

    async def arrivals(self, wanted: int) -> list[datetime]:
        """Wait for so many arrivals, and return when they were stored, in order."""
        arrived = self.database[arrival_store.COLLECTION]
        await _until(lambda: _has(arrived, {}, wanted))
        found = await arrived.find({}, {"received_at": 1}).to_list()
        return sorted(one["received_at"] for one in found)

    async def looked(self, folders: int) -> None:
        """Wait until so many folders have nothing left to fetch."""
        done = {"last_good_at": {"$exists": True}, "behind": 0, "catch_up": None}
        known = self.database[mailbox_store.COLLECTION]
        await _until(lambda: _has(known, done, folders))

    def peak_megabytes(self) -> float:
        """Return the most memory that the process had so far, in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    if not await until(holds, _LONGEST):
        raise NotPossibleError("fetching did not come to its end: see its log")


async def _has(collection: Collection, wanted: Document, documents: int) -> bool:
    return await collection.count_documents(wanted) >= documents


@asynccontextmanager
async def running_pod(
    up: Servers, folder: Path, center: ContactCenter, **settings: str
) -> AsyncIterator[Pod]:
    """Run a process of fetching on a database of its own."""
    if up.rabbitmq is None:
        raise NotPossibleError("fetching is measured on servers of our own")
    name = f"fetching{secrets.token_hex(4)}"
    mongodb_url = urlsplit(up.mongodb_url)._replace(path=f"/{name}").geturl()
    with Broker(up.rabbitmq.url, up.rabbitmq.management_url).virtual_host() as rabbitmq_url:
        async with open_database(mongodb_url, name="bench") as database:
            await ConfigurationStore(database, SystemClock()).write(center)
            environment: Mapping[str, str] = {
                **os.environ,
                **PASSWORDS,
                "RABBITMQ_URL": rabbitmq_url,
                "MONGODB_URL": mongodb_url,
                "PROBE_HOST": "127.0.0.1",
                "PROBE_PORT": str(free_port()),
                "LOG_STYLE": "json",
                **settings,
            }
            command = (sys.executable, "-m", "services.fetching")
            process = Child(Program(name, command, environment, folder / f"{name}.log"))
            try:
                yield Pod(process, database)
            finally:
                await asyncio.to_thread(process.stop)


def fill(server: ImapServer, user: str, mails: int, *, at: datetime | None = None) -> None:
    """Put mails into a mailbox, as files."""
    maildir = server.folder / "mail" / user
    for name in ("new", "cur", "tmp"):
        (maildir / name).mkdir(parents=True, exist_ok=True)
    for number in range(mails):
        file = maildir / "new" / f"{1_700_000_000 + number}.M{secrets.token_hex(4)}.bench"
        file.write_bytes(
            b"From: Ann <ann@example.org>\r\nTo: support@demo.example\r\n"
            b"Subject: Mail %d\r\nMessage-ID: <%b@example.org>\r\n\r\n%b"
            % (number, secrets.token_hex(8).encode(), _TEXT.encode())
        )
        if at:
            os.utime(file, (at.timestamp(), at.timestamp()))
    for one in (maildir, *maildir.rglob("*")):
        shutil.chown(one, "nobody", "nogroup")


def bare_loop(server: ImapServer, user: str) -> float:
    """Return the mails a second that the IMAP client alone fetches and marks."""
    with IMAPClient("127.0.0.1", server.plain, ssl=False) as client:
        client.login(user, PASSWORD)
        client.select_folder("INBOX")
        uids = client.search()
        began = time.monotonic()
        for uid in uids:
            client.fetch([uid], ["BODY.PEEK[]"])
            client.add_flags([uid], [rb"\Seen"], silent=True)
        return len(uids) / (time.monotonic() - began)


async def measure_throughput(
    up: Servers, server: ImapServer, folder: Path, mails: int
) -> list[Row]:
    """Return mails a second of a mailbox that waits, ours and the bare loop's."""
    fill(server, "bare", mails)
    fill(server, "waiting", mails)
    bare = await asyncio.to_thread(bare_loop, server, "bare")
    center = described(fetch(server.plain, "waiting", since="2020-01-01"))
    async with running_pod(up, folder, center) as pod:
        times = await pod.arrivals(mails)
        await pod.looked(1)
        processor = cpu_seconds([pod.process.pid])
    # The first of them came together, at the moment from which the others are counted.
    ours = (mails - _TOGETHER) / (times[-1] - times[0]).total_seconds()
    return [
        Row("mails", "1/s", ours, None, Aim("at least 100", 100, at_least=True)),
        Row("mails, beside the bare loop", "1/s", ours, bare),
        Row("processor, start included", "ms a mail", processor * 1000 / mails),
    ]


async def measure_first_look(
    up: Servers, server: ImapServer, folder: Path, mails: int
) -> list[Row]:
    """Return the time and memory of a first look into a folder with many old mails."""
    fill(server, "old", mails, at=_OLD)
    await asyncio.to_thread(server.uids, "old")
    began = time.monotonic()
    center = described(fetch(server.plain, "old", since="2026-01-01"))
    async with running_pod(up, folder, center) as pod:
        await pod.looked(1)
        seconds, peak = time.monotonic() - began, pod.peak_megabytes()
    of = f"first look, {mails} old mails"
    return [Row(f"{of}, with the start", "s", seconds), Row(f"{of}, memory", "MB", peak)]


async def measure_idle(
    up: Servers, server: ImapServer, folder: Path, mailboxes: int, seconds: int
) -> list[Row]:
    """Return memory and processor of mailboxes that wait in IDLE."""
    users = [f"idle{number}" for number in range(mailboxes)]
    center = described(*(fetch(server.plain, one) for one in users))
    async with running_pod(up, folder, center, FETCHING_MAILBOXES_AT_ONCE="2000") as pod:
        await pod.looked(mailboxes)
        before = cpu_seconds([pod.process.pid])
        await asyncio.sleep(seconds)
        used = (cpu_seconds([pod.process.pid]) - before) / seconds * 100
        resident = resident_megabytes(pod.process.pid)
    waiting = f"{mailboxes} mailboxes in IDLE"
    return [
        Row(f"{waiting}, memory", "MB", resident, None, Aim("at most 200", 200)),
        Row(f"{waiting}, of a core", "%", used, None, Aim("at most 3", 3)),
    ]


async def measure(up: Servers, folder: Path, asked: argparse.Namespace) -> list[Row]:
    """Return all rows that were asked for."""
    rows: list[Row] = []
    async with running_imap_server() as server:
        if asked.mails:
            rows += await measure_throughput(up, server, folder, asked.mails)
            report(f"{rows[-3].ours:.0f} mails/s")
        if asked.old:
            rows += await measure_first_look(up, server, folder, asked.old)
        if asked.mailboxes:
            rows += await measure_idle(up, server, folder, asked.mailboxes, asked.seconds)
    return rows


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print one table on standard output."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.fetching", description=__doc__)
    parser.add_argument("--mails", type=int, default=2_000, help="mails that wait; 0: none")
    parser.add_argument("--old", type=int, default=100_000, help="old mails; 0: no first look")
    parser.add_argument("--mailboxes", type=int, default=200, help="mailboxes in IDLE; 0: none")
    parser.add_argument("--seconds", type=int, default=30, help="how long IDLE is watched")
    asked: Any = parser.parse_args(words)
    try:
        with (
            contextlib.redirect_stdout(sys.stderr),
            temporary_folder() as folder,
            servers(folder, environment={}) as up,
        ):
            rows = asyncio.run(measure(up, folder, asked))
    except NotPossibleError as reason:
        report(str(reason))
        return 1
    section = Section("One process of fetching, Dovecot on this machine", "ours", rows, "bare loop")
    sys.stdout.write("\n".join([*section.lines(), ""]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
