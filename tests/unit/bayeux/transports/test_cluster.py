"""Requests and sockets that are forwarded to another process."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from shared.bayeux import Answer, Request
from shared.bayeux.transports.tunnel import RemoteSocketClosedError
from shared.bayeux.transports.web import Scope
from tests.unit.bayeux.fake_transport import run_due_callbacks
from tests.unit.bayeux.in_memory_client import InMemoryClient, InMemorySocket

FOREIGN = "b" * 48
TOLD = Answer(200, b'["from there"]')
CONNECT = {"channel": "/meta/connect", "clientId": FOREIGN, "id": "7"}
SUBSCRIBE = {"channel": "/meta/subscribe", "clientId": FOREIGN, "subscription": "/v2/me/*"}
GREETING = {
    "channel": "/meta/handshake",
    "version": "1.0",
    "supportedConnectionTypes": ["websocket"],
}


class FakePodSocket:
    """A socket to another process; the test says what comes from there."""

    def __init__(self, session_id: str) -> None:
        self.session_id = session_id
        self.said: list[dict[str, Any]] = []
        self.is_closing = False
        self._coming: asyncio.Queue[bytes | RemoteSocketClosedError] = asyncio.Queue()

    def tell(self, *messages: Any) -> None:
        self._coming.put_nowait(json.dumps(messages, separators=(",", ":")).encode())

    def end(self, code: int | None) -> None:
        self._coming.put_nowait(RemoteSocketClosedError(code))

    async def send(self, text: bytes) -> None:
        if self.is_closing:
            raise RemoteSocketClosedError(None)
        self.said += json.loads(text)

    async def receive(self) -> bytes:
        match await self._coming.get():
            case RemoteSocketClosedError() as closed:
                raise closed
            case bytes(text):
                return text

    async def close(self) -> None:
        self.is_closing = True

    @property
    def waiting(self) -> int:
        """How much has come that nobody took."""
        return self._coming.qsize()


class FakeCluster:
    """Another process; what it is asked is in `asked`."""

    name = "aaaaaaaa"

    def __init__(self) -> None:
        self.asked: list[tuple[str, bytes]] = []
        self.answers: Callable[[], Awaitable[Answer | None]] = self._tell
        self.sockets: list[FakePodSocket] = []
        self.is_gone = False
        self.may_be_reached = asyncio.Event()
        self.may_be_reached.set()

    async def answer(self, session_id: str, request: Request) -> Answer | None:
        self.asked.append((session_id, request.body))
        return await self.answers()

    async def open_socket(self, session_id: str, upgrade: Scope) -> FakePodSocket | None:
        assert (b"authorization", b"Bearer agent-7") in upgrade["headers"]
        await self.may_be_reached.wait()
        if self.is_gone:
            return None
        self.sockets.append(FakePodSocket(session_id))
        return self.sockets[-1]

    async def _tell(self) -> Answer | None:
        return TOLD


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


@pytest.fixture
async def client(cluster: FakeCluster) -> InMemoryClient:
    return InMemoryClient(cluster=cluster)


def is_put_off(reply: dict[str, Any]) -> bool:
    """Tell whether the connect is to be made again, after a random time."""
    advice = dict(reply["advice"])
    later = advice.pop("interval") >= 0
    again = {"successful": True, "advice": {"reconnect": "retry", "timeout": 30_000}}
    return later and reply | {"advice": advice} == CONNECT | again


async def test_the_ids_of_sessions_say_where_they_are(client: InMemoryClient) -> None:
    reply = await client.handshake()

    assert re.fullmatch(r"a{8}[0-9a-f]{40}", reply["clientId"])


async def test_request_for_a_foreign_session_is_answered_from_there(
    client: InMemoryClient,
    cluster: FakeCluster,
) -> None:
    replies = await client.exchange(
        {"channel": "/meta/subscribe", "clientId": FOREIGN},
        {"channel": "/meta/connect", "clientId": FOREIGN},
    )

    assert replies == ["from there"]
    [(session_id, body)] = cluster.asked
    assert session_id == FOREIGN
    assert [one["channel"] for one in json.loads(body)] == ["/meta/subscribe", "/meta/connect"]
    assert client.bayeux.protocol.counters.handed_on == 1


async def test_request_about_several_sessions_is_answered_here(
    client: InMemoryClient, cluster: FakeCluster
) -> None:
    own = (await client.handshake())["clientId"]
    for named in (own, None, 7, ""):
        await client.exchange(
            {"channel": "/meta/connect", "clientId": named, "advice": {"timeout": 0}}
        )
    mixed = await client.exchange(
        {"channel": "/meta/connect", "clientId": FOREIGN},
        {"channel": "/meta/connect", "clientId": own},
    )
    await client.exchange({"channel": "/meta/handshake", "clientId": FOREIGN})

    assert [reply["successful"] for reply in mixed] == [False, True]
    assert [asked for asked in cluster.asked if asked[0]] == []


async def test_where_nobody_answers_the_session_is_unknown(
    client: InMemoryClient, cluster: FakeCluster
) -> None:
    async def fails() -> Answer | None:
        raise ConnectionError("no pod")

    async def knows_nothing() -> Answer | None:
        return None

    for answers in (fails, knows_nothing):
        cluster.answers = answers
        [reply] = await client.exchange({"channel": "/meta/connect", "clientId": FOREIGN})

        assert reply["error"] == "402::session_unknown"
        assert reply["advice"]["reconnect"] == "handshake"


async def test_client_that_has_gone_ends_the_forwarded_request(
    client: InMemoryClient, cluster: FakeCluster
) -> None:
    asked, given_up = asyncio.Event(), asyncio.Event()

    async def waits() -> Answer | None:
        asked.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            given_up.set()
        return None

    cluster.answers = waits
    client.send({"channel": "/meta/connect", "clientId": FOREIGN})
    await asked.wait()

    client.connection.connection_lost(None)

    async with asyncio.timeout(10):
        await given_up.wait()
    assert client.transport.take() == ""


async def test_known_head_for_a_foreign_session_is_forwarded(
    client: InMemoryClient,
) -> None:
    own = (await client.handshake())["clientId"]
    connect = {"channel": "/meta/connect", "advice": {"timeout": 0}}
    for _ in range(2):
        await client.exchange(connect | {"clientId": own})

    replies = await client.exchange(connect | {"clientId": FOREIGN})

    assert replies == ["from there"]


async def test_connect_held_elsewhere_ends_when_this_process_stops(
    client: InMemoryClient, cluster: FakeCluster
) -> None:
    asked = asyncio.Event()

    async def waits() -> Answer | None:
        asked.set()
        await asyncio.get_running_loop().create_future()
        return None

    cluster.answers = waits
    client.send(CONNECT)
    await asked.wait()

    await client.bayeux.drain()
    await client.transport.something_written.wait()
    head, _, body = client.transport.take().partition("\r\n\r\n")

    [reply] = json.loads(body)
    assert is_put_off(reply)
    assert "connection: close" in head
    assert client.transport.is_closed


async def test_a_process_that_stops_asks_no_other_for_connects(
    client: InMemoryClient, cluster: FakeCluster
) -> None:
    await client.bayeux.drain()

    [reply] = await client.exchange({"channel": "/meta/connect", "clientId": FOREIGN})

    assert reply["successful"]
    assert reply["advice"]["reconnect"] == "retry"
    assert cluster.asked == []


async def opened(client: InMemoryClient) -> InMemorySocket:
    socket = InMemorySocket(client.bayeux)
    assert await socket.heard() == []
    return socket


async def joined(
    client: InMemoryClient, cluster: FakeCluster
) -> tuple[InMemorySocket, FakePodSocket]:
    """Open a socket and say something on it that is for a session there."""
    socket = await opened(client)
    socket.say(SUBSCRIBE)
    assert await socket.heard() == []
    return socket, cluster.sockets[-1]


async def test_a_socket_is_joined_to_the_process_that_holds_its_session(
    client: InMemoryClient, cluster: FakeCluster
) -> None:
    socket, far = await joined(client, cluster)
    socket.say(CONNECT)
    assert await socket.heard() == []
    far.tell("subscribed")
    far.tell("an event", "connected")

    assert await socket.heard() == ["subscribed", "an event", "connected"]
    assert far.session_id == FOREIGN
    assert far.said == [SUBSCRIBE, CONNECT]
    assert cluster.sockets == [far]
    assert client.bayeux.protocol.counters.handed_on == 1


async def test_message_sent_while_a_tunnel_opens_waits_for_it(cluster: FakeCluster) -> None:
    client = InMemoryClient(cluster=cluster)
    cluster.may_be_reached.clear()
    socket = await opened(client)
    for said in (SUBSCRIBE, CONNECT):
        socket.say(said)
    assert await socket.heard() == []

    cluster.may_be_reached.set()

    assert await socket.heard() == []
    assert cluster.sockets[0].said == [SUBSCRIBE, CONNECT]


async def test_where_no_tunnel_can_be_made_the_session_is_unknown(
    client: InMemoryClient, cluster: FakeCluster
) -> None:
    cluster.is_gone = True
    socket = await opened(client)

    socket.say(SUBSCRIBE)
    socket.say(CONNECT)

    subscribed, connected = await socket.heard()
    assert subscribed["error"] == connected["error"] == "402::session_unknown"
    assert connected["advice"]["reconnect"] == "handshake"


async def test_a_socket_that_begins_a_session_here_hears_no_other(
    client: InMemoryClient, cluster: FakeCluster
) -> None:
    socket, far = await joined(client, cluster)
    socket.say(GREETING)
    [welcome] = await socket.heard()

    far.tell("an event")
    socket.say(SUBSCRIBE)

    assert welcome["successful"]
    assert [reply["error"] for reply in await socket.heard()] == ["402::session_unknown"]
    assert far.is_closing
    assert cluster.sockets == [far]


async def test_a_socket_goes_over_to_another_session_elsewhere(
    client: InMemoryClient, cluster: FakeCluster
) -> None:
    socket, first = await joined(client, cluster)
    socket.say(SUBSCRIBE | {"clientId": "c" * 48})
    await run_due_callbacks()
    second = cluster.sockets[-1]

    first.tell("of the first")
    second.tell("of the second")

    assert await socket.heard() == ["of the second"]
    assert first.is_closing
    assert second.session_id == "c" * 48


async def test_client_that_does_not_read_pauses_the_other_process(
    client: InMemoryClient, cluster: FakeCluster
) -> None:
    socket, far = await joined(client, cluster)
    socket.connection.pause_writing()
    for number in range(5):
        far.tell(number)
    assert await socket.heard() == []
    assert far.waiting == 4

    socket.connection.resume_writing()

    assert await socket.heard() == list(range(5))


async def test_a_tunnel_ends_with_its_socket(client: InMemoryClient, cluster: FakeCluster) -> None:
    socket, far = await joined(client, cluster)
    socket.say({"channel": "/meta/disconnect", "clientId": FOREIGN})
    await run_due_callbacks()

    socket.connection.connection_lost(None)
    await run_due_callbacks()

    assert far.said[-1]["channel"] == "/meta/disconnect"
    assert far.is_closing


async def test_a_tunnel_that_comes_too_late_is_left(
    client: InMemoryClient, cluster: FakeCluster
) -> None:
    cluster.may_be_reached.clear()
    socket = await opened(client)
    socket.say(CONNECT)
    await run_due_callbacks()

    socket.connection.connection_lost(None)
    cluster.may_be_reached.set()
    await run_due_callbacks()

    assert cluster.sockets[0].is_closing
    # Its client may have come to the session's own process meanwhile.
    assert cluster.sockets[0].said == []


async def test_a_message_for_a_session_that_nobody_holds_ends_no_tunnel(
    client: InMemoryClient, cluster: FakeCluster
) -> None:
    socket, far = await joined(client, cluster)
    cluster.is_gone = True
    socket.say({"channel": "/meta/disconnect", "clientId": "c" * 48})
    [refused] = await socket.heard()

    far.tell("an event")

    assert refused["error"] == "402::session_unknown"
    assert await socket.heard() == ["an event"]


async def test_a_fault_in_relaying_ends_both_sockets(
    client: InMemoryClient, cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket, far = await joined(client, cluster)

    async def fail() -> None:
        raise ValueError("a fault that nobody foresaw")

    monkeypatch.setattr(socket.connection, "drain", fail)
    far.tell("an event")

    assert await socket.heard() == ["an event", 1001]
    assert far.is_closing


@pytest.mark.parametrize(("there_said", "here_said"), [(1008, 1008), (1001, 1001), (None, 1001)])
async def test_a_socket_ends_as_its_tunnel_does(
    client: InMemoryClient, cluster: FakeCluster, there_said: int | None, here_said: int
) -> None:
    socket, far = await joined(client, cluster)

    far.tell("the last words")
    far.end(there_said)

    assert await socket.heard() == ["the last words", here_said]


@pytest.mark.parametrize("is_open", [True, False], ids=["open", "being opened"])
async def test_a_socket_with_a_tunnel_is_not_idle(cluster: FakeCluster, is_open: bool) -> None:
    client = InMemoryClient(cluster=cluster, max_idle_sockets_per_user=1)
    if not is_open:
        cluster.may_be_reached.clear()
    busy = await opened(client)
    busy.say(SUBSCRIBE)
    await run_due_callbacks()
    idle = await opened(client)

    await opened(client)

    assert await busy.heard() == []
    assert await idle.heard() == [1008]
    cluster.may_be_reached.set()


async def test_tunnel_at_stop_relays_all_and_has_the_connect_repeated(
    cluster: FakeCluster,
) -> None:
    client = InMemoryClient(cluster=cluster, drain_grace=timedelta(0))
    socket, far = await joined(client, cluster)
    socket.say(CONNECT)
    await run_due_callbacks()

    await client.bayeux.drain()
    far.tell("an event")
    assert await socket.heard() == ["an event"]
    far.end(1000)

    reply, code = await socket.heard()
    assert is_put_off(reply)
    assert code == 1001


async def test_connect_answered_elsewhere_is_not_answered_again(cluster: FakeCluster) -> None:
    client = InMemoryClient(cluster=cluster, drain_grace=timedelta(0))
    socket, far = await joined(client, cluster)
    socket.say(CONNECT)
    await run_due_callbacks()
    far.tell({"channel": "/meta/connect", "successful": True})
    await socket.heard()

    await client.bayeux.drain()
    far.end(None)

    assert await socket.heard() == [1001]


async def test_a_process_that_stops_makes_no_tunnel_for_a_connect(cluster: FakeCluster) -> None:
    client = InMemoryClient(cluster=cluster, drain_grace=timedelta(0))
    await client.bayeux.drain()
    socket = await opened(client)

    socket.say(CONNECT)

    reply, code = await socket.heard()
    assert is_put_off(reply)
    assert code == 1001
    assert cluster.sockets == []


async def test_connect_without_tunnel_at_stop_is_answered_with_retry(
    cluster: FakeCluster,
) -> None:
    client = InMemoryClient(cluster=cluster, drain_grace=timedelta(0))
    cluster.may_be_reached.clear()
    socket = await opened(client)
    socket.say(CONNECT)
    await run_due_callbacks()

    await client.bayeux.drain()

    reply, code = await socket.heard()
    assert is_put_off(reply)
    assert code == 1001
    cluster.may_be_reached.set()
    await run_due_callbacks()
    assert cluster.sockets[0].said == []
    assert cluster.sockets[0].is_closing


async def test_end_of_a_login_is_told_through_a_tunnel_too(
    client: InMemoryClient, cluster: FakeCluster
) -> None:
    socket, far = await joined(client, cluster)
    socket.say(CONNECT)
    await run_due_callbacks()

    client.bayeux.revoke("7")
    await run_due_callbacks()
    far.end(1000)

    reply, code = await socket.heard()
    assert (reply["id"], reply["error"]) == ("7", "401::login_revoked")
    assert reply["advice"]["reconnect"] == "none"
    assert code == 1008
