"""Clients of a Bayeux server over connections in memory."""

import json
from typing import Any

from websockets.client import ClientProtocol
from websockets.frames import Close, Frame, Opcode
from websockets.uri import parse_uri

from services.gateway.notifications.topics import INTERACTIONS, own_topics_only
from shared.bayeux import BayeuxServer, BayeuxSettings
from shared.bayeux.server import Authenticate
from shared.bayeux.transports.cluster import Cluster
from shared.bayeux.transports.http.http_connection import HttpConnection
from shared.bayeux.transports.websocket_connection import SocketConnection
from tests.bayeux_lab.lab import IgnoringListener, authenticate
from tests.support.bayeux_client import BayeuxClient, Message
from tests.unit.bayeux.fake_transport import FakeTransport, run_due_callbacks, uvicorn_arguments

BROWSER = "0123456789abcdef"


class InMemoryConnection(BayeuxClient):
    """One connection to a server; requests on it are those of one browser and one agent."""

    def __init__(self, bayeux: BayeuxServer) -> None:
        super().__init__()
        self.transport = FakeTransport()
        self.connection = HttpConnection(bayeux=bayeux, **uvicorn_arguments(_nothing))
        self.connection.connection_made(self.transport)
        self.headers = {
            "Host": "here",
            "Authorization": "Bearer agent-7",
            "Cookie": f"BAYEUX_BROWSER={BROWSER}",
        }

    def send(self, *messages: Message, method: str = "POST") -> None:
        body = json.dumps(messages).encode()
        headers = self.headers | {"Content-Length": str(len(body))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.connection.data_received(f"{method} /cometd HTTP/1.1\r\n{lines}\r\n".encode() + body)

    async def read(self) -> tuple[str, Any]:
        """Return the head and the messages of an answer when it has come."""
        await self.transport.something_written.wait()
        head, _, body = self.transport.take().partition("\r\n\r\n")
        return head, json.loads(body) if body else []

    async def exchange(self, *messages: Message) -> Any:
        self.send(*messages)
        return (await self.read())[1]


class InMemoryClient(InMemoryConnection):
    """A client and the server that is all its own."""

    def __init__(
        self,
        *,
        cluster: Cluster | None = None,
        authenticate: Authenticate = authenticate,
        **settings: Any,
    ) -> None:
        self.bayeux = BayeuxServer(
            BayeuxSettings(**settings),
            authenticate=authenticate,
            listener=IgnoringListener(),
            policy=own_topics_only,
            cluster=cluster,
        )
        super().__init__(self.bayeux)

    def publish(self, payload: object) -> None:
        self.bayeux.publish("7", INTERACTIONS, payload)


class InMemorySocket:
    """One websocket to a server, of the same browser and agent."""

    def __init__(self, bayeux: BayeuxServer) -> None:
        self.transport = FakeTransport()
        self._client = ClientProtocol(parse_uri("ws://here/cometd"))
        self.connection = SocketConnection(bayeux=bayeux, **uvicorn_arguments(_nothing))
        self.connection.connection_made(self.transport)
        upgrade = self._client.connect()
        upgrade.headers["authorization"] = "Bearer agent-7"
        upgrade.headers["cookie"] = f"BAYEUX_BROWSER={BROWSER}"
        self._client.send_request(upgrade)
        self._send()

    def say(self, *messages: dict[str, Any]) -> None:
        self._client.send_text(json.dumps(messages).encode())
        self._send()

    async def heard(self) -> list[Any]:
        """Return what was said since the last time, once nothing moves any more."""
        await run_due_callbacks()
        self._client.receive_data(self.transport.take().encode("latin-1"))
        return [
            message
            for event in self._client.events_received()
            if isinstance(event, Frame)
            for message in _messages(event)
        ]

    def _send(self) -> None:
        self.connection.data_received(b"".join(self._client.data_to_send()))


def _messages(said: Frame) -> list[Any]:
    if said.opcode is Opcode.CLOSE:
        return [Close.parse(said.data).code]
    messages: list[Any] = json.loads(bytes(said.data))
    return messages


async def _nothing(_scope: Any, _receive: Any, _send: Any) -> None:
    pass
