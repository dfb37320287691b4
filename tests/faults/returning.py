"""A herd whose members come back by themselves, with the last position they have seen."""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import websockets

_LONGEST_PAUSE: Final = 2.0
_GREETING: Final = {
    "channel": "/meta/handshake",
    "version": "1.0",
    "supportedConnectionTypes": ["websocket"],
    "ext": {"replay": True},
}


@dataclass
class ReturningHerd:
    """Agents with a websocket each, and which positions of its journal each has heard.

    `back` says when, on the monotonic clock, each subscribed for the last time.
    """

    url: str
    size: int
    channel: str
    login: Callable[[int], str]
    heard: dict[int, list[int]] = field(default_factory=dict)
    back: dict[int, float] = field(default_factory=dict)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def roaming(self) -> AsyncIterator[None]:
        """Let them come, and come back, for as long as the context lasts."""
        tasks = [asyncio.create_task(self._live(number)) for number in range(self.size)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def all_are_there(self, *, within: float) -> None:
        """Return when each is subscribed."""
        await self._until(lambda: len(self.back) == self.size, within)

    async def all_have(self, events: int, *, within: float) -> None:
        """Return when each has heard so many events."""
        await self._until(
            lambda: all(len(self.heard.get(one, [])) >= events for one in range(self.size)), within
        )

    async def _until(self, holds: Callable[[], bool], seconds: float) -> None:
        async with asyncio.timeout(seconds):
            while not holds():
                self._news.clear()
                await self._news.wait()

    async def _live(self, number: int) -> None:
        while True:
            try:
                await self._visit(number)
            except (OSError, websockets.WebSocketException):
                self.back.pop(number, None)
            await asyncio.sleep(random.uniform(0, _LONGEST_PAUSE))  # noqa: S311 - no secret

    async def _visit(self, number: int) -> None:
        headers = {"Authorization": f"Bearer {self.login(number)}"}
        address = f"{self.url.replace('http', 'ws', 1)}/cometd"
        async with websockets.connect(
            address, additional_headers=headers, open_timeout=None, ping_interval=None
        ) as socket:
            await socket.send(json.dumps([_GREETING]))
            async for text in socket:
                for message in json.loads(text):
                    if (answer := self._answer(number, message)) is not None:
                        await socket.send(json.dumps([answer]))

    def _answer(self, number: int, message: dict[str, Any]) -> dict[str, Any] | None:
        heard = self.heard.setdefault(number, [])
        if "data" in message:
            heard.append(message["data"]["position"])
            self._news.set()
            return None
        if not message["successful"]:
            raise ConnectionError(message["error"])
        if message["channel"] == "/meta/handshake":
            begin = {"subscription": self.channel, "ext": {"replay": heard[-1] if heard else 0}}
            return _said("subscribe", message) | begin
        if message["channel"] == "/meta/subscribe":
            self.back[number] = time.monotonic()
            self._news.set()
        return _said("connect", message) | {"connectionType": "websocket"}


def _said(what: str, reply: dict[str, Any]) -> dict[str, Any]:
    return {"channel": f"/meta/{what}", "clientId": reply["clientId"]}
