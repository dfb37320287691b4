"""`python -m tests.bench.attachments`: one large file up, down and into a mail; whose memory grows.

All six services run as processes on private servers; the limits are raised by configuration. The
figures are resident memory in MB (10^6 bytes) and MB/s, with the client on the same machine.
"""

import argparse
import asyncio
import contextlib
import hashlib
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx2
import uvloop
import yaml

from deploy.local.folders import temporary_folder
from deploy.local.progress import NotPossibleError, report
from deploy.local.servers.running_servers import Servers, servers
from deploy.local.stack.services import Addresses
from deploy.local.stack.system import CONTACT_CENTER, System, system
from tests.bench.instruments.processes import resident_megabytes
from tests.support.clients import AgentClient, hand_in

_MB: Final = 1_000_000
_BLOCK: Final = os.urandom(_MB)
_BOUNDARY: Final = b"bench-boundary"
_HEAD: Final = (
    b'--%s\r\nContent-Disposition: form-data; name="attachment"; filename="large.bin"\r\n\r\n'
    % _BOUNDARY
)
_WATCHED: Final = ("gateway", "attachments", "composition", "outbound")
_LETTER: Final = (
    b"From: ann@example.org\r\nTo: support@demo.example\r\nSubject: Large\r\n"
    b"Message-ID: <large@example.org>\r\n\r\nSend it all.\r\n"
)


@dataclass
class Phase:
    """One step: how long it took, and the most memory that each service had meanwhile."""

    name: str
    megabytes: int
    seconds: float = 0.0
    peaks: dict[str, float] = field(default_factory=dict)

    def line(self) -> str:
        """Return the phase as a row of the table."""
        peaks = "".join(f"{self.peaks[name]:>13.1f}" for name in _WATCHED)
        rate = f"{self.megabytes / self.seconds:>8.1f}" if self.megabytes else " " * 8
        return f"{self.name:<24}{self.seconds:>7.1f} s{rate}{peaks}"


@asynccontextmanager
async def phase(running: System, name: str, megabytes: int = 0) -> AsyncIterator[Phase]:
    """Measure what happens while the block runs."""
    measured, began = Phase(name, megabytes), time.monotonic()
    watching = asyncio.create_task(_watch(running, measured))
    try:
        yield measured
    finally:
        measured.seconds = time.monotonic() - began
        watching.cancel()


async def _watch(running: System, measured: Phase) -> None:
    while True:
        for name in _WATCHED:
            now = resident_megabytes(running.supervisor.pid(name))
            measured.peaks[name] = max(now, measured.peaks.get(name, 0.0))
        await asyncio.sleep(0.05)


async def _form(megabytes: int) -> AsyncIterator[bytes]:
    yield _HEAD
    for number in range(megabytes):
        yield _block(number)
    yield b"\r\n--%s--\r\n" % _BOUNDARY


def _block(number: int) -> bytes:
    return number.to_bytes(8, "big") + _BLOCK[8:]


def _digest(megabytes: int) -> str:
    digest = hashlib.sha256()
    for number in range(megabytes):
        digest.update(_block(number))
    return digest.hexdigest()


async def _until(agent: AgentClient, path: str, holds: str) -> Mapping[str, Any]:
    """Read a resource until its text holds something."""
    async with asyncio.timeout(60):
        while True:
            answer = await agent.get(path)
            if answer.status_code == 200 and holds in answer.text:
                return dict(answer.json())
            await asyncio.sleep(0.1)


async def _draft(agent: AgentClient, running: System) -> str:
    await agent.set_channel("Ready")
    await hand_in(_LETTER, running.addresses.smtp)
    desk = await _until(agent, "/me/interactions?fields=*", '"Invited"')
    inbound = desk["interactions"][0]["id"]
    await agent.post(inbound, "Accept")
    await _until(agent, f"/me/interactions/{inbound}", '"Accepted"')
    answer = await agent.post(inbound, "Reply", queueName="drafts")
    draft = str(answer["replyInteractionId"])
    await _until(agent, f"/me/interactions/{draft}", '"ReplyCreated"')
    return draft


async def _upload(agent: AgentClient, draft: str, megabytes: int) -> str:
    answer = await agent.client.post(
        f"/api/v2/me/interactions/{draft}/attachments",
        content=_form(megabytes),
        headers={"Content-Type": f"multipart/form-data; boundary={_BOUNDARY.decode()}"},
    )
    answer.raise_for_status()
    return str(answer.json()["documentId"])


async def _download(agent: AgentClient, draft: str, document: str) -> str:
    digest = hashlib.sha256()
    path = f"/api/v2/me/interactions/{draft}/attachments/{document}"
    async with agent.client.stream("GET", path) as answer:
        answer.raise_for_status()
        async for piece in answer.aiter_bytes():
            digest.update(piece)
    return digest.hexdigest()


def raised(description: str, megabytes: int) -> str:
    """Return a contact center's description with room for a large mail."""
    content = yaml.safe_load(description)
    limit = f"{megabytes} MB"
    content["attachments"] = {"largest_file": limit, "largest_mail": limit}
    return yaml.safe_dump(content)


async def measure(up: Servers, folder: Path, megabytes: int) -> list[Phase]:
    """Return the phases of one file's way.

    Raises:
        NotPossibleError: What came back is not what was sent.
    """
    description = folder / "contact-center.yaml"
    description.write_text(raised(CONTACT_CENTER.read_text(), megabytes * 2))
    async with (
        system(
            up.access,
            sent=folder / "sent",
            addresses=Addresses.choose(familiar=False),
            configuration=description,
        ) as running,
        httpx2.AsyncClient(
            base_url=running.gateway_url, auth=("agent1", "agent1"), timeout=600
        ) as client,
    ):
        agent = AgentClient(client)
        draft = await _draft(agent, running)
        await _upload(agent, draft, 3)
        async with phase(running, "before") as before:
            await asyncio.sleep(1)
        async with phase(running, "up", megabytes) as up_phase:
            document = await _upload(agent, draft, megabytes)
        async with phase(running, "down", megabytes) as down_phase:
            back = await _download(agent, draft, document)
        if back != _digest(megabytes):
            raise NotPossibleError("what came down is not what went up")
        await _until(agent, f"/me/interactions/{draft}", document)
        async with phase(running, "frozen and mailed", megabytes) as mailed:
            await agent.post(draft, "Send", queueName="drafts")
            async with asyncio.timeout(900):
                sent = await running.sink.arrivals.get()
        if sent.file.stat().st_size < megabytes * _MB * 4 / 3:
            raise NotPossibleError("the mail is too small")
        async with phase(running, "after") as after:
            await asyncio.sleep(1)
        return [before, up_phase, down_phase, mailed, after]


def main() -> int:
    """Measure and print one table on standard output; everything else goes to standard error."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.attachments", description=__doc__)
    parser.add_argument("--megabytes", type=int, default=300, help="the size of the file")
    megabytes = parser.parse_args().megabytes
    try:
        with (
            contextlib.redirect_stdout(sys.stderr),
            temporary_folder() as folder,
            servers(folder, environment={}) as up,
        ):
            phases = uvloop.run(measure(up, folder, megabytes))
    except NotPossibleError as reason:
        report(str(reason))
        return 1
    heading = f"{f'{megabytes} MB':<24}{'time':>9}{'MB/s':>8}"
    sys.stdout.write(heading + "".join(f"{f'{one} MB':>13}" for one in _WATCHED) + "\n")
    sys.stdout.writelines(one.line() + "\n" for one in phases)
    return 0


if __name__ == "__main__":
    sys.exit(main())
