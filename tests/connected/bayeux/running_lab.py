"""The lab as a process of its own, and plain clients that speak raw Bayeux to it."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any, BinaryIO, Self

import httpx2
from websockets.asyncio.client import ClientConnection, connect

from tests.fixtures.plain_http import NO_CERTIFICATES

Replies = list[dict[str, Any]]
INTERACTIONS = "/v2/me/interactions"
TYPES = ["websocket", "long-polling"]


@dataclass(frozen=True, slots=True)
class RunningLab:
    """Where it listens, and the process."""

    url: str
    process: asyncio.subprocess.Process
    http: httpx2.AsyncClient

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


class RawClient:
    """Sends exactly what it is told over HTTP, with a cookie jar of its own."""

    def __init__(self, lab: RunningLab, agent: str = "7", path: str = "/cometd") -> None:
        self.url = f"{lab.url}{path}"
        self.headers = {"Authorization": f"Bearer agent-{agent}"}
        self.http = httpx2.AsyncClient(headers=self.headers, timeout=15, verify=NO_CERTIFICATES)
        self.client_id: str | None = None
        self._ids = count(1)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    def message(self, channel: str, **fields: Any) -> dict[str, Any]:
        known = {"clientId": self.client_id} if self.client_id else {}
        return {"channel": channel, "id": str(next(self._ids))} | known | fields

    async def post(self, *messages: Any, **options: Any) -> httpx2.Response:
        return await self.http.post(self.url, json=list(messages), **options)

    async def ask(self, channel: str, **fields: Any) -> Replies:
        answer = await self.post(self.message(channel, **fields))
        assert answer.status_code == 200
        replies: Replies = answer.json()
        return replies

    async def handshake(self, **fields: Any) -> dict[str, Any]:
        [reply] = await self.ask(
            "/meta/handshake", version="1.0", supportedConnectionTypes=TYPES, **fields
        )
        self.client_id = reply.get("clientId")
        return reply

    async def join(self, **fields: Any) -> Self:
        """Shake hands, subscribe, and make the first connect."""
        await self.handshake(**fields)
        await self.ask("/meta/subscribe", subscription=INTERACTIONS)
        await self.ask("/meta/connect", advice={"timeout": 0})
        return self


class RawSocket:
    """Sends exactly what it is told over a websocket."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.client_id: str | None = None
        self._ids = count(1)

    @classmethod
    @asynccontextmanager
    async def open(cls, lab: RunningLab, agent: str = "7", **headers: str) -> AsyncIterator[Self]:
        address = f"{lab.url.replace('http', 'ws')}/cometd"
        identity = {"Authorization": f"Bearer agent-{agent}"}
        async with connect(address, additional_headers=identity | headers) as socket:
            yield cls(socket)

    async def send(self, channel: str, **fields: Any) -> None:
        known = {"clientId": self.client_id} if self.client_id else {}
        message = {"channel": channel, "id": str(next(self._ids))} | known | fields
        await self.socket.send(json.dumps([message]))

    async def receive(self) -> Replies:
        async with asyncio.timeout(15):
            replies: Replies = json.loads(await self.socket.recv())
            return replies

    async def ask(self, channel: str, **fields: Any) -> Replies:
        await self.send(channel, **fields)
        return await self.receive()

    async def join(self, **fields: Any) -> Self:
        [reply] = await self.ask(
            "/meta/handshake", version="1.0", supportedConnectionTypes=TYPES, **fields
        )
        self.client_id = reply["clientId"]
        await self.ask("/meta/subscribe", subscription=INTERACTIONS)
        await self.ask("/meta/connect", connectionType="websocket", advice={"timeout": 0})
        return self
