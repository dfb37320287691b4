"""A Bayeux client that sends exactly what a test tells it to, by polling or over a websocket.

`BayeuxSession` writes the messages without I/O. Clients differ only in what carries them.
"""

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any, Final, Self

import httpx2
from websockets.asyncio.client import ClientConnection, connect

Message = dict[str, Any]
Replies = list[dict[str, Any]]

PATH: Final = "/cometd"
INTERACTIONS: Final = "/v2/me/interactions"
POLLING: Final = "long-polling"
WEBSOCKET: Final = "websocket"
HANDSHAKE: Final[Message] = {
    "channel": "/meta/handshake",
    "version": "1.0",
    "supportedConnectionTypes": [WEBSOCKET, POLLING],
}
AT_ONCE: Final = {"timeout": 0}
"""The advice of a connect that is not held."""

_PATIENCE: Final = 60.0
_HOLD: Final = 60.0
"""Seconds; a server may hold a connect for half of it."""


class UnexpectedStatusError(Exception):
    """A request was answered with another status than 200."""


class BayeuxSession:
    """The messages of one client: numbered, and with its session's id as soon as it has one."""

    def __init__(self) -> None:
        self.client_id: str | None = None
        self._ids = count(1)

    def message(self, channel: str | None, /, **fields: Any) -> Message:
        """Return a message; None leaves its channel out."""
        named = {} if channel is None else {"channel": channel}
        known = {"clientId": self.client_id} if self.client_id else {}
        return {"id": str(next(self._ids))} | named | known | fields

    def handshake_message(self, **fields: Any) -> Message:
        """Return a handshake."""
        return self.message(None, **HANDSHAKE | fields)

    def begin(self, reply: Message) -> Message:
        """Take the session's id out of the reply to a handshake, and return the reply."""
        self.client_id = reply.get("clientId")
        return reply


class BayeuxClient(ABC):
    """One client. Clients that share a session are one desktop at several servers."""

    connection_type = POLLING

    def __init__(self, session: BayeuxSession | None = None) -> None:
        self.session = session or BayeuxSession()

    @property
    def client_id(self) -> str | None:
        """The id of the session; None before the handshake."""
        return self.session.client_id

    def message(self, channel: str | None, /, **fields: Any) -> Message:
        """Return a message of this client's session."""
        return self.session.message(channel, **fields)

    @abstractmethod
    async def exchange(self, *messages: Message) -> Replies:
        """Send messages and return what comes with the answer."""

    async def ask(self, channel: str, **fields: Any) -> Replies:
        """Send one message and return what comes with the answer."""
        return await self.exchange(self.message(channel, **fields))

    async def handshake(self, **fields: Any) -> Message:
        """Begin a session and return the reply; a refusal leaves the client without one."""
        [reply] = await self.exchange(self.session.handshake_message(**fields))
        return self.session.begin(reply)

    async def subscribe(self, channel: str, **fields: Any) -> Message:
        """Subscribe to a channel and return the reply."""
        return (await self.ask("/meta/subscribe", subscription=channel, **fields))[-1]

    async def join(self, channel: str = INTERACTIONS, **fields: Any) -> Self:
        """Shake hands with these fields, subscribe to a channel, and make the first connect."""
        await self.handshake(**fields)
        await self.subscribe(channel)
        await self.ask("/meta/connect", connectionType=self.connection_type, advice=AT_ONCE)
        return self


class PollingClient(BayeuxClient):
    """A client over HTTP."""

    def __init__(
        self, http: httpx2.AsyncClient, path: str = PATH, session: BayeuxSession | None = None
    ) -> None:
        super().__init__(session)
        self.http = http
        self.path = path

    async def post(self, *messages: Any, **options: Any) -> httpx2.Response:
        """Send messages, with further options of httpx, and return the answer, whatever it is."""
        return await self.http.post(self.path, json=messages, **{"timeout": _HOLD} | options)

    async def exchange(self, *messages: Message) -> Replies:
        """Send messages and return what comes with the answer.

        Raises:
            UnexpectedStatusError: It is not 200.
        """
        answer = await self.post(*messages)
        if answer.status_code != httpx2.codes.OK:
            raise UnexpectedStatusError(f"{answer.status_code} {answer.text}")
        replies: Replies = answer.json()
        return replies


class SocketClient(BayeuxClient):
    """A client over a websocket."""

    connection_type = WEBSOCKET

    def __init__(self, socket: ClientConnection, session: BayeuxSession | None = None) -> None:
        super().__init__(session)
        self.socket = socket

    async def send(self, channel: str, **fields: Any) -> None:
        """Send a message without waiting for anything."""
        await self.socket.send(json.dumps([self.message(channel, **fields)]))

    async def receive(self) -> Replies:
        """Return the next messages that come together."""
        async with asyncio.timeout(_PATIENCE):
            replies: Replies = json.loads(await self.socket.recv())
            return replies

    async def exchange(self, *messages: Message) -> Replies:
        """Send messages and return the next that come together."""
        await self.socket.send(json.dumps(messages))
        return await self.receive()


@asynccontextmanager
async def open_socket(
    url: str, headers: dict[str, str], session: BayeuxSession | None = None
) -> AsyncIterator[SocketClient]:
    """Open a websocket at a server's address, such as `http://localhost:8080`."""
    address = f"ws{url.removeprefix('http')}{PATH}"
    async with connect(address, additional_headers=headers) as socket:
        yield SocketClient(socket, session)
