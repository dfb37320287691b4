"""The servers that are compared, each a process that publishes what it reads as JSON lines."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.local.programs.node import find_node
from tests.faye import HERE

_PATIENCE: Final = 20.0
_ROOT: Final = Path(__file__).parents[2]
INTERACTIONS: Final = "/v2/me/interactions"


@dataclass(frozen=True, slots=True)
class Kind:
    """The command of a server, and the channels of a client's own events and of all."""

    name: str
    command: Sequence[str]
    folder: Path
    channels: Sequence[str]

    def channels_of(self, number: int) -> list[str]:
        """Return what a client subscribes to."""
        return [channel.format(number) for channel in self.channels]


OURS: Final = Kind("ours", (sys.executable, "-m", "tests.bayeux_lab"), _ROOT, (INTERACTIONS,))
FAYE: Final = Kind("Faye", ("node", "server.mjs"), HERE, ("/agents/{}", "/all"))
BARE: Final = Kind(
    "bare", (sys.executable, "-m", "tests.bench_cometd.bare"), _ROOT, (INTERACTIONS,)
)


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    kind: Kind
    url: str
    process: asyncio.subprocess.Process

    def publish(self, agents: Sequence[str], stamp: int, padding: str) -> None:
        """Publish one event to each agent, `*` standing for all."""
        assert self.process.stdin is not None
        lines = (
            f'{{"agent":"{agent}","data":{{"at":{stamp},"body":"{padding}"}}}}\n'
            for agent in agents
        )
        self.process.stdin.write("".join(lines).encode())


@asynccontextmanager
async def running(kind: Kind, port: str = "0") -> AsyncIterator[Server]:
    """Run a server for as long as the context lasts, on a free port unless one is named."""
    if kind is FAYE:
        find_node()
    process = await asyncio.create_subprocess_exec(
        *kind.command,
        cwd=kind.folder,
        env=os.environ | {"PORT": port, "TIMEOUT_MS": "60000"},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(_PATIENCE):
            url = (await process.stdout.readline()).decode().strip()
        yield Server(kind, url, process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def padding(size: int) -> str:
    """Return filling for an event of about `size` bytes."""
    return "x" * max(0, size - len(json.dumps({"at": 10**18, "body": ""})))
