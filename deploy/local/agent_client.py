"""A client of one agent in as few lines as possible: operations by REST, messages by CometD.

It is also an example for developers of other clients.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import httpx2 as httpx

Message = Mapping[str, Any]

TOPIC: Final = "/v2/me/interactions"
_HOLD: Final = 60.0
_PATIENCE: Final = 30.0
_PAUSE: Final = 0.5


class UnexpectedAnswerError(Exception):
    """The answer of the system is not one that the client can go on with."""


_LOST: Final = (UnexpectedAnswerError, httpx.HTTPError)


class AgentClient:
    """One logged-in agent. Messages come in the order of their events."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._client_id = ""
        self._messages: asyncio.Queue[Message] = asyncio.Queue()

    async def post(self, path: str, body: Mapping[str, Any]) -> Message:
        """Post an operation and return the answer.

        Raises:
            UnexpectedAnswerError: The operation was refused; the error says why.
        """
        answer = await self.ask(path, body)
        if answer.is_error:
            raise UnexpectedAnswerError(f"POST {path}: {answer.status_code} {answer.text}")
        found: Message = answer.json()
        return found

    async def ask(self, path: str, body: Mapping[str, Any]) -> httpx.Response:
        """Post an operation and return the answer, refusals too."""
        return await self._client.post(f"/api/v2{path}", json=body)

    async def download(self, path: str) -> httpx.Response:
        """Return what is at a path."""
        return await self._client.get(f"/api/v2{path}")

    async def next_message(self) -> Message:
        """Wait for the next message about any interaction."""
        return await self._messages.get()

    async def wait_for_state(self, state: str) -> Message:
        """Return the next message about a state; skip all messages before it.

        Raises:
            UnexpectedAnswerError: No such message comes within 30 seconds.
        """
        try:
            async with asyncio.timeout(_PATIENCE):
                while True:
                    message = await self._messages.get()
                    if message.get("state") == state:
                        return message
        except TimeoutError as error:
            raise UnexpectedAnswerError(f"no message {state} in {_PATIENCE:.0f} s") from error

    async def connect(self) -> None:
        """Shake hands and subscribe to the messages about the agent's interactions."""
        self._client_id = ""
        (shaken,) = await self._bayeux(
            {
                "channel": "/meta/handshake",
                "version": "1.0",
                "supportedConnectionTypes": ["long-polling"],
            }
        )
        self._client_id = shaken["clientId"]
        await self._bayeux({"channel": "/meta/subscribe", "subscription": TOPIC})

    async def listen(self) -> None:
        """Keep one connect open until canceled; collect the messages that its answers bring.

        A lost session is replaced by a new one.
        """
        while True:
            try:
                (reply,) = await self._bayeux(
                    {"channel": "/meta/connect", "connectionType": "long-polling"}
                )
                await asyncio.sleep(reply.get("advice", {}).get("interval", 0) / 1000)
            except _LOST:
                await self._reconnect()

    async def catch_up(self) -> None:
        """Read the agent's interactions as messages: events without a session brought none.

        Raises:
            UnexpectedAnswerError: They cannot be read now.
        """
        answer = await self.download("/me/interactions?fields=*")
        if answer.is_error:
            raise UnexpectedAnswerError(f"GET /me/interactions: {answer.status_code} {answer.text}")
        for message in answer.json()["interactions"]:
            self.add_message(message)

    def add_message(self, message: Message) -> None:
        """Queue a message that was read by REST, behind those that CometD brought."""
        self._messages.put_nowait(message)

    async def disconnect(self) -> None:
        """End the session at the server; a server that is away is ignored."""
        with suppress(*_LOST):
            await self._bayeux({"channel": "/meta/disconnect"})

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Stay connected and collect messages for as long as the block runs."""
        await self.connect()
        listening = asyncio.create_task(self.listen())
        try:
            yield
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening
            await self.disconnect()

    async def _reconnect(self) -> None:
        while True:
            try:
                await self.connect()
                await self.catch_up()
            except _LOST:
                await asyncio.sleep(_PAUSE)
            else:
                return

    def _collect(self, message: Message) -> None:
        if message["channel"] == TOPIC:
            self._messages.put_nowait(message["data"])

    async def _bayeux(self, message: dict[str, Any]) -> list[Message]:
        if self._client_id:
            message["clientId"] = self._client_id
        answer = await self._client.post("/cometd", json=[message], timeout=_HOLD)
        replies: list[Message] = answer.json() if answer.is_success else []
        for reply in replies:
            self._collect(reply)
        if not any(reply.get("successful") for reply in replies):
            raise UnexpectedAnswerError(f"{message['channel']}: {answer.status_code} {answer.text}")
        return [reply for reply in replies if reply["channel"].startswith("/meta/")]


@asynccontextmanager
async def logged_in(url: str, user: str, password: str) -> AsyncIterator[AgentClient]:
    """Give the client of an agent, connected and listening."""
    async with httpx.AsyncClient(base_url=url, auth=(user, password), timeout=_PATIENCE) as client:
        agent = AgentClient(client)
        async with agent.listening():
            yield agent
