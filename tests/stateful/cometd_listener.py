"""An agent's CometD client: long polling with the ack extension, cut off as often as one likes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import httpx2 as httpx

from tests.stateful.view import Message, View
from tests.support.bayeux_client import (
    INTERACTIONS,
    POLLING,
    PollingClient,
    UnexpectedStatusError,
)

_CONTENT: Final = "WorkbinContentMessage"
_BINS: Final = ("email.draft", "email.in-progress")
_PAUSE: Final = 0.1
_PATIENCE: Final = 5.0


class SessionLostError(Exception):
    """The server does not know the session any more, or does not answer."""


_LOST: Final = (SessionLostError, UnexpectedStatusError, httpx.HTTPError)


class CometdListener:
    """Keeps a view of the desk by what it hears. A new session begins with a new snapshot.

    A connection that is cut is taken up again in the same session: what was on its way when it
    was cut has to come again (ack extension).
    """

    def __init__(self, client: httpx.AsyncClient, view: View) -> None:
        self._client = client
        self._bayeux = PollingClient(client)
        self._view = view
        self._batch = 0
        self._poll: asyncio.Task[None] | None = None
        self._turn = 0
        self._passed = asyncio.Event()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Listen for as long as the block runs, once the first session has begun."""
        await self._begin()
        task = asyncio.create_task(self._listen())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            with suppress(*_LOST):
                await self._say("/meta/disconnect")

    def cut(self) -> None:
        """Cut the connection in the middle of whatever it does; the session goes on."""
        if self._poll is not None:
            self._poll.cancel()

    def forget(self) -> None:
        """Forget the session as a page does that is loaded anew."""
        self._bayeux = PollingClient(self._client)
        self.cut()

    async def catch_up(self) -> None:
        """Return when everything has been heard that was announced before.

        The content of a workbin is asked for, which comes behind it in the same stream. The two
        workbins take turns, so that a late answer is not taken for the one that is waited for.
        """
        self._turn += 1
        self._passed.clear()
        while not self._passed.is_set():
            with suppress(httpx.HTTPError):
                body = {"operationName": "GetWorkbinContent", "workbin": self._bin}
                await self._client.post("/api/v2/me/interactions", json=body)
            with suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE):
                    await self._passed.wait()

    @property
    def _bin(self) -> str:
        return _BINS[self._turn % len(_BINS)]

    async def _listen(self) -> None:
        while True:
            self._poll = asyncio.create_task(self._next())
            try:
                await asyncio.shield(self._poll)
            except asyncio.CancelledError:
                if not self._poll.cancelled():
                    self._poll.cancel()
                    raise
            except _LOST:
                self._bayeux = PollingClient(self._client)
                await asyncio.sleep(_PAUSE)

    async def _next(self) -> None:
        if not self._bayeux.client_id:
            await self._begin()
        reply = await self._say("/meta/connect", connectionType=POLLING, ext={"ack": self._batch})
        self._batch = reply.get("ext", {}).get("ack", self._batch)

    async def _begin(self) -> None:
        self._bayeux, self._batch = PollingClient(self._client), 0
        await self._bayeux.handshake(ext={"ack": True})
        await self._say("/meta/subscribe", subscription=INTERACTIONS)
        answer = await self._client.get("/api/v2/me/interactions?fields=*")
        if answer.is_error:
            raise SessionLostError(f"the desk: {answer.status_code}")
        self._view.begin(answer.json()["interactions"])

    async def _say(self, channel: str, **fields: Any) -> Message:
        several = await self._bayeux.ask(channel, **fields)
        for one in several:
            if one["channel"] == INTERACTIONS:
                self._hear(one["data"])
        reply = next((one for one in several if one["channel"] == channel), None)
        if reply is None or not reply.get("successful"):
            raise SessionLostError(f"{channel}: {several}")
        return reply

    def _hear(self, message: Message) -> None:
        if message.get("messageTypeName") == _CONTENT:
            if message["workbin"]["workbinName"] == self._bin:
                self._passed.set()
        else:
            self._view.hear(message)
