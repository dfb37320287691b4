"""A client of one agent in as few lines as possible: REST for what they do, CometD for news.

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
_PAUSE: Final = 0.5


class UnexpectedAnswerError(Exception):
    """The system answered something else than the desktop can go on with."""


_LOST: Final = (UnexpectedAnswerError, httpx.HTTPError)


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
        answer = await self.ask(path, body)
        if answer.is_error:
            raise UnexpectedAnswerError(f"POST {path}: {answer.status_code} {answer.text}")
        found: Message = answer.json()
        return found

    async def ask(self, path: str, body: Mapping[str, Any]) -> httpx.Response:
        """Give an order and return the answer, whatever it is."""
        return await self._client.post(f"/api/v2{path}", json=body)

    async def download(self, path: str) -> httpx.Response:
        """Return what is at a path."""
        return await self._client.get(f"/api/v2{path}")

    async def next_message(self) -> Message:
        """Wait for the next message, whatever it is about."""
        return await self._news.get()

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
        """Keep one connect open for ever and collect what comes with its answers.

        A session that is lost, with its connection or its server, is begun anew.
        """
        while True:
            try:
                (reply,) = await self._bayeux(
                    {"channel": "/meta/connect", "connectionType": "long-polling"}
                )
                await asyncio.sleep(reply.get("advice", {}).get("interval", 0) / 1000)
            except _LOST:
                await self._begin_anew()

    async def catch_up(self) -> None:
        """Count what lies on the desk as news: some of it may have come without a session.

        Raises:
            UnexpectedAnswerError: It cannot be read now.
        """
        answer = await self.download("/me/interactions?fields=*")
        if answer.is_error:
            raise UnexpectedAnswerError(f"the desk: {answer.status_code} {answer.text}")
        for message in answer.json()["interactions"]:
            self.count_as_news(message)

    def count_as_news(self, message: Message) -> None:
        """Put a message that was read behind those that were heard."""
        self._news.put_nowait(message)

    async def disconnect(self) -> None:
        """Say good-bye."""
        with suppress(*_LOST):
            await self._bayeux({"channel": "/meta/disconnect"})

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Be connected and listen for as long as the block runs."""
        await self.connect()
        listening = asyncio.create_task(self.listen())
        try:
            yield
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening
            await self.disconnect()

    async def _begin_anew(self) -> None:
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
            self._news.put_nowait(message["data"])

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
async def logged_in(url: str, user: str, password: str) -> AsyncIterator[Desktop]:
    """Give the desktop of an agent who is connected and listens."""
    async with httpx.AsyncClient(base_url=url, auth=(user, password), timeout=_PATIENCE) as client:
        desktop = Desktop(client)
        async with desktop.listening():
            yield desktop
