"""`python -m tests.bench.invitations`: from APPEND in a folder to the invitation at the desk.

The whole system runs with fifty mailboxes of a real IMAP server, all in IDLE, and one agent with a
CometD client. Then the same again with one mailbox whose server hangs while its folder is opened.
"""

import argparse
import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from deploy.local.agent_client import AgentClient, logged_in
from deploy.local.folders import temporary_folder
from deploy.local.progress import NotPossibleError, report
from deploy.local.servers.running_servers import Servers, servers
from deploy.local.stack.services import Addresses
from deploy.local.stack.system import CONTACT_CENTER, System, system
from shared.storage.database.client import Database, open_database
from shared.storage.mails import mailbox_store
from tests.bench.tables.figures import percentile
from tests.bench.tables.table import Aim, Row, Section
from tests.doubles.imap_server import running_odd_server
from tests.doubles.mails import mail
from tests.fixtures.imap_server import ImapServer, running_imap_server
from tests.support.fetching import PASSWORDS, fetch
from tests.support.waiting import until

_AGENT: Final = "agent1"
_PATIENCE_SECONDS: Final = 60.0
_AT_ONCE: Final = 10
_HANGS: Final = {"SELECT": b"* 1 EXISTS\r\n"}


def described(users: Mapping[str, int]) -> str:
    """Return a contact center with a mailbox for each user, on the IMAP server at its port."""
    content: dict[str, Any] = yaml.safe_load(CONTACT_CENTER.read_text())
    content["mailboxes"] = [
        {
            "address": f"{user}@demo.example",
            "queue": "support",
            "fetch": fetch(port, user),
        }
        for user, port in users.items()
    ]
    for agent in content["agents"]:
        if "Agent" in agent["roles"]:
            agent["capacity"] = 2 * _AT_ONCE
    content["senders"] = [{"address": content["mailboxes"][0]["address"]}]
    return yaml.safe_dump(content)


async def wait_for_idle(database: Database, mailboxes: int) -> None:
    """Return when so many mailboxes were looked into and wait for news."""
    looked = {"last_good_at": {"$exists": True}}

    async def holds() -> bool:
        return await database[mailbox_store.COLLECTION].count_documents(looked) >= mailboxes

    if not await until(holds, _PATIENCE_SECONDS):
        raise NotPossibleError("the mailboxes were not looked into: see the log of fetching")


async def times(
    agent: AgentClient, server: ImapServer, boxes: Sequence[str], mails: int
) -> list[float]:
    """Return the milliseconds from each APPEND to its invitation, ten mails at a time."""
    began: dict[str, float] = {}
    found: list[float] = []

    def append(box: str, subject: str) -> None:
        with server.client(box) as client:
            began[subject] = time.monotonic()
            client.append("INBOX", mail(time.monotonic_ns(), subject=subject))

    for first in range(0, mails, _AT_ONCE):
        wave = range(first, min(first + _AT_ONCE, mails))
        appended = {f"Append {number}": boxes[number % len(boxes)] for number in wave}
        appending = asyncio.gather(
            *(asyncio.to_thread(append, box, subject) for subject, box in appended.items())
        )
        offered: dict[str, str] = {}
        while len(offered) < len(appended):
            invited = await agent.wait_for_state("Invited")
            subject = invited["email_object"]["subject"]
            if subject not in offered:  # An offer may be told twice.
                found.append((time.monotonic() - began[subject]) * 1000)
                offered[subject] = str(invited["id"])
        await appending
        for interaction_id in offered.values():
            for operation, state in (("Accept", "Accepted"), ("Complete", "Completed")):
                path = f"/me/interactions/{interaction_id}"
                await agent.post(path, {"operationName": operation})
                await agent.wait_for_state(state)
    return found


@asynccontextmanager
async def running(up: Servers, folder: Path, users: Mapping[str, int]) -> AsyncIterator[System]:
    """Run the system with a mailbox for each user."""
    description = folder / "contact-center.yaml"
    await asyncio.to_thread(description.write_text, described(users))
    with pytest.MonkeyPatch.context() as environment:
        for name, password in PASSWORDS.items():
            environment.setenv(name, password)
        async with system(
            up.access,
            sent=folder / "sent",
            addresses=Addresses.choose(familiar=False),
            configuration=description,
        ) as opened:
            yield opened


async def measured(
    server: ImapServer, folder: Path, users: Mapping[str, int], mails: int
) -> list[float]:
    """Return the times of a system of its own; only mailboxes of the real server get mail."""
    boxes = [user for user, port in users.items() if port == server.plain]
    await asyncio.to_thread(folder.mkdir)
    with servers(folder, environment={}) as up:
        async with (
            running(up, folder, users) as opened,
            open_database(up.mongodb_url, name="bench") as database,
            logged_in(opened.gateway_url, _AGENT, _AGENT) as agent,
        ):
            await wait_for_idle(database, len(boxes))
            await agent.post("/me/channels/email", {"operationName": "Ready"})
            return await times(agent, server, boxes, mails)


async def measure(folder: Path, asked: argparse.Namespace) -> list[Row]:
    """Return the times, and beside them those with a mailbox that hangs."""
    found: dict[str, list[float]] = {}
    async with running_imap_server() as server, running_odd_server() as odd:
        odd.odd = dict(_HANGS)
        for name, first in (("well", server.plain), ("hanging", odd.port)):
            # Each run has mailboxes of its own, so that it finds no mail of the other.
            users = {f"{name}{number}": server.plain for number in range(asked.mailboxes)}
            users |= {f"{name}0": first}
            found[name] = await measured(server, folder / name, users, asked.mails)
            report(f"{name}: {percentile(found[name], 99):.0f} ms at p99")
    rows = [Row("p50", "ms", percentile(found["well"], 50), percentile(found["hanging"], 50))]
    return [
        *rows,
        Row("p99", "ms", percentile(found["well"], 99), None, Aim("at most 2,000", 2_000)),
        Row(
            "p99 with one that hangs, beside p99 without",
            "ms",
            percentile(found["hanging"], 99),
            percentile(found["well"], 99),
            Aim("at most 1.1", 1.1),
        ),
    ]


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print one table on standard output."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.invitations", description=__doc__)
    parser.add_argument("--mails", type=int, default=400, help="mails in each of the two runs")
    parser.add_argument("--mailboxes", type=int, default=50, help="mailboxes in IDLE")
    asked = parser.parse_args(words)
    try:
        with contextlib.redirect_stdout(sys.stderr), temporary_folder() as folder:
            rows = asyncio.run(measure(folder, asked))
    except NotPossibleError as reason:
        report(str(reason))
        return 1
    title = f"APPEND to invitation, {asked.mailboxes} mailboxes in IDLE"
    sys.stdout.write("\n".join([*Section(title, "well", rows, "other").lines(), ""]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
