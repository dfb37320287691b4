"""The agents of the product under load: logged in once each, listening over websocket."""

import asyncio
import json
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx2
import yaml
from argon2 import PasswordHasher
from websockets.asyncio.client import ClientConnection, connect

from shared.background_tasks import cancel_and_wait
from tests.bench.instruments.event_times import EventTimes
from tests.bench.load.sample_mails import MAILBOX
from tests.support.bayeux_client import WEBSOCKET, SocketClient

PASSWORD = "bench"
TOPIC = "/v2/me/interactions"
CAPACITY = 20


def contact_center(names: list[str], capacity: int = CAPACITY) -> str:
    """Return a description with these agents, all on one queue.

    Their password's hash is a cheap one: how long argon2id takes is not what is measured.
    """
    password_hash = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)
    return yaml.safe_dump(
        {
            "name": "bench",
            "queues": [{"name": "support"}],
            "mailboxes": [{"address": MAILBOX, "queue": "support"}],
            "smtp_route": {"host": "localhost", "port": 1025, "tls": "none"},
            "agents": [
                {
                    "user_name": name,
                    "password_hash": password_hash,
                    "queues": ["support"],
                    "capacity": capacity,
                }
                for name in names
            ],
        }
    )


class Listener(ABC):
    """A user with a websocket."""

    def __init__(self, socket: ClientConnection) -> None:
        self._bayeux = SocketClient(socket)

    async def subscribe(self) -> None:
        """Shake hands, subscribe, and connect."""
        await self._bayeux.handshake()
        await self._bayeux.subscribe(TOPIC)
        await self._connect()

    async def listen(self) -> None:
        """Receive all messages for as long as the connection lasts."""
        async for frame in self._bayeux.socket:
            moment = time.monotonic()
            for message in json.loads(frame):
                if message["channel"] == "/meta/connect":
                    await self._connect()
                elif message["channel"] == TOPIC:
                    await self.hear(message["data"], moment)

    @abstractmethod
    async def hear(self, news: dict[str, Any], moment: float) -> None:
        """Hear one message of `TOPIC`, which came at a moment of `time.monotonic()`."""

    async def _connect(self) -> None:
        await self._bayeux.send("/meta/connect", connectionType=WEBSOCKET)


class Agent(Listener):
    """One agent: REST with a session of its own beside the websocket."""

    def __init__(
        self, rest: httpx2.AsyncClient, socket: ClientConnection, floor: EventTimes
    ) -> None:
        super().__init__(socket)
        self._rest = rest
        self._heard = floor
        self.works = False

    async def begin(self) -> None:
        """Subscribe, and be Ready."""
        await self.subscribe()
        await self.post("/me/channels/email", "Ready")

    async def post(self, path: str, operation: str) -> None:
        """Give an order."""
        answer = await self._rest.post(f"/api/v2{path}", json={"operationName": operation})
        answer.raise_for_status()

    async def hear(self, news: dict[str, Any], moment: float) -> None:
        """Note an invitation; where the agent works, accept and complete it."""
        match news["state"]:
            case "Invited":
                if self.works:
                    await self._do(news, "Accept")
                else:
                    self._heard.note(news["email_object"]["Subject"], moment)
            case "Accepted":
                await self._do(news, "Complete")
            case "Completed":
                self._heard.note(news["email_object"]["Subject"], moment)

    async def _do(self, news: dict[str, Any], operation: str) -> None:
        await self.post(f"/me/interactions/{news['id']}", operation)


def socket_of(url: str, name: str) -> connect:
    """Return an agent's connection to CometD, still to be opened."""
    headers = {"Authorization": httpx2.BasicAuth(name, PASSWORD)._auth_header}
    address = f"ws{url.removeprefix('http')}/cometd"
    return connect(address, additional_headers=headers, compression=None)


@asynccontextmanager
async def listening(url: str, names: list[str], heard: EventTimes) -> AsyncIterator[list[Agent]]:
    """Give agents who are Ready and listen while the block runs."""
    async with AsyncExitStack() as stack:
        agents = [await _log_in(stack, url, name, heard) for name in names]
        tasks = [asyncio.create_task(agent.listen()) for agent in agents]
        try:
            yield agents
        finally:
            await cancel_and_wait(tasks)


async def _log_in(stack: AsyncExitStack, url: str, name: str, heard: EventTimes) -> Agent:
    client = httpx2.AsyncClient(base_url=url, auth=(name, PASSWORD), timeout=30)
    rest = await stack.enter_async_context(client)
    agent = Agent(rest, await stack.enter_async_context(socket_of(url, name)), heard)
    await agent.begin()
    return agent
