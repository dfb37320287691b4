"""The lab as a process of its own, and clients that send it exactly what a test wants."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import BinaryIO

import httpx2

from tests.fixtures.plain_http import NO_CERTIFICATES
from tests.support.bayeux_client import PATH, PollingClient, SocketClient, open_socket


@dataclass(frozen=True, slots=True)
class RunningLab:
    """Where it listens, and the process."""

    url: str
    process: asyncio.subprocess.Process
    http: httpx2.AsyncClient

    @asynccontextmanager
    async def polling(self, agent: str = "7", path: str = PATH) -> AsyncIterator[PollingClient]:
        """Give an agent's client over HTTP, with a cookie jar of its own."""
        headers = {"Authorization": f"Bearer agent-{agent}"}
        async with httpx2.AsyncClient(
            base_url=self.url, headers=headers, timeout=15, verify=NO_CERTIFICATES
        ) as http:
            yield PollingClient(http, path)

    def socket(self, agent: str = "7", **headers: str) -> AbstractAsyncContextManager[SocketClient]:
        """Give an agent's client over a websocket."""
        return open_socket(self.url, {"Authorization": f"Bearer agent-{agent}"} | headers)

    async def publish(self, agent: str, content: object) -> None:
        answer = await self.http.post(f"{self.url}/publish", json={"agent": agent, "data": content})
        assert answer.status_code == 204

    async def revoke(self, agent: str) -> None:
        await self.http.post(f"{self.url}/revoke", json={"agent": agent})

    async def metric(self, name: str) -> float:
        """Return a number that the lab counts, labels included in the name."""
        lines = (await self.http.get(f"{self.url}/metrics")).text.splitlines()
        return float(next(line for line in lines if line.startswith(f"{name} ")).split()[-1])

    async def holds(self, connects: int) -> None:
        """Return once so many connects wait."""
        await self.reaches("bayeux_held_connects", connects)

    async def reaches(self, name: str, number: float) -> None:
        """Return once the lab has counted so many of something."""
        async with asyncio.timeout(30):
            while await self.metric(name) != number:
                pass

    async def has_listeners(self, sessions: int = 1) -> None:
        """Return once so many sessions are subscribed to something."""
        await self.reaches("bayeux_listening_sessions", sessions)

    async def crash(self) -> None:
        """Kill it."""
        self.process.kill()
        await self.process.wait()

    async def stop(self) -> None:
        """Ask it to end, as Kubernetes does, and wait until it has."""
        if self.process.returncode is None:
            self.process.terminate()
        async with asyncio.timeout(15):
            await self.process.wait()


def running_lab(**environment: str) -> AbstractAsyncContextManager[RunningLab]:
    """Run a lab while the block runs."""
    return _running(environment)


def piped_lab(
    events: int | BinaryIO = asyncio.subprocess.PIPE,
) -> AbstractAsyncContextManager[RunningLab]:
    """Run a lab that reads events from a pipe, or a file, and tells of bad ones."""
    return _running({}, events=events, errors=asyncio.subprocess.PIPE)


@asynccontextmanager
async def _running(
    environment: Mapping[str, str],
    *,
    events: int | BinaryIO = asyncio.subprocess.DEVNULL,
    errors: int | None = None,
) -> AsyncIterator[RunningLab]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bayeux_lab",
        env=os.environ | {"PORT": "0", **environment},
        stdin=events,
        stdout=asyncio.subprocess.PIPE,
        stderr=errors,
    )
    assert process.stdout is not None
    url = (await process.stdout.readline()).decode().strip()
    try:
        async with httpx2.AsyncClient(timeout=15, verify=NO_CERTIFICATES) as http:
            lab = RunningLab(url, process, http)
            yield lab
            await lab.stop()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
