"""An agent's desktop in as few lines as possible: REST for what the agent does, CometD for news.

Also an example for whoever writes a real one.
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


class UnexpectedAnswerError(Exception):
    """The system answered something else than the desktop can go on with."""


class Desktop:
    """One logged-in agent. News arrives in the order in which it happened."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._client_id = ""
        self._news: asyncio.Queue[Message] = asyncio.Queue()

    async def post(self, path: str, body: Mapping[str, Any]) -> Message:
        """Give an order and return the answer.

        Raises:
            UnexpectedAnswerError: It was refused; says why.
        """
        answer = await self._client.post(f"/api/v2{path}", json=body)
        if answer.is_error:
            raise UnexpectedAnswerError(f"POST {path}: {answer.status_code} {answer.text}")
        found: Message = answer.json()
        return found

    async def download(self, path: str) -> httpx.Response:
        """Return what is at a path."""
        return await self._client.get(f"/api/v2{path}")

    async def hear(self, state: str) -> Message:
        """Return the next message about a state, skipping others.

        Raises:
            UnexpectedAnswerError: It does not come within 30 seconds.
        """
        try:
            async with asyncio.timeout(_PATIENCE):
                while True:
                    message = await self._news.get()
                    if message.get("state") == state:
                        return message
        except TimeoutError as error:
            raise UnexpectedAnswerError(f"no message {state} in {_PATIENCE:.0f} s") from error

    async def connect(self) -> None:
        """Shake hands and subscribe to what happens to the agent's interactions."""
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
        """Keep one connect open for ever and collect what comes with its answers."""
        while True:
            for message in await self._bayeux(
                {"channel": "/meta/connect", "connectionType": "long-polling"}
            ):
                self._collect(message)

    async def disconnect(self) -> None:
        """Say good-bye."""
        await self._bayeux({"channel": "/meta/disconnect"})

    def _collect(self, message: Message) -> None:
        if message["channel"] == TOPIC:
            self._news.put_nowait(message["data"])

    async def _bayeux(self, message: dict[str, Any]) -> list[Message]:
        if self._client_id:
            message["clientId"] = self._client_id
        answer = await self._client.post("/cometd", json=[message], timeout=_HOLD)
        replies: list[Message] = answer.json() if answer.is_success else []
        if not any(reply.get("successful") for reply in replies):
            raise UnexpectedAnswerError(f"{message['channel']}: {answer.status_code} {answer.text}")
        for reply in replies:
            self._collect(reply)
        return [reply for reply in replies if reply["channel"].startswith("/meta/")]


@asynccontextmanager
async def logged_in(url: str, user: str, password: str) -> AsyncIterator[Desktop]:
    """Give the desktop of an agent who is connected and listens."""
    async with httpx.AsyncClient(base_url=url, auth=(user, password)) as client:
        desktop = Desktop(client)
        await desktop.connect()
        listening = asyncio.create_task(desktop.listen())
        try:
            yield desktop
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening
            await desktop.disconnect()
