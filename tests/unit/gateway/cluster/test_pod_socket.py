"""A websocket from one pod to another, with a real server at the other end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from services.gateway.cluster import pod_socket
from services.gateway.cluster.pod_socket import NotOpenedError, PodSocket
from shared.bayeux.transports.tunnel import RemoteSocketClosedError


class Pod:
    """Another pod: what it was shown, and what it does with a socket."""

    def __init__(self) -> None:
        self.cookies: list[str] = []
        self.refuses = False
        self.code = 1000
        self.ends = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        async with serve(self._talk, "127.0.0.1", 0, process_request=self._look) as server:
            yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/cometd"
            self.ends.set()

    def _look(self, connection: ServerConnection, request: Request) -> Response | None:
        self.cookies = request.headers.get_all("cookie")
        return connection.respond(401, "no") if self.refuses else None

    async def _talk(self, connection: ServerConnection) -> None:
        await connection.send("welcome")
        await self.ends.wait()
        await connection.close(self.code)


@pytest.fixture
def pod() -> Pod:
    return Pod()


@pytest.mark.parametrize("cookie", [b"a=1", b"n=caf\xe9; a=1", "n=Жук; a=1".encode()])
async def test_cookies_arrive_as_they_were_sent(pod: Pod, cookie: bytes) -> None:
    async with pod.running() as url:
        far = await PodSocket.open(url, [(b"cookie", cookie)])
        await far.close()

    assert [one.encode("latin-1") for one in pod.cookies] == [cookie]


@pytest.mark.parametrize("code", [1001, 1008])
async def test_closed_remote_socket_error_has_the_code(pod: Pod, code: int) -> None:
    pod.code = code
    async with pod.running() as url:
        far = await PodSocket.open(url, [])
        assert await far.receive() == b"welcome"

        pod.ends.set()

        with pytest.raises(RemoteSocketClosedError) as closed:
            await far.receive()
    assert closed.value.code == code
    with pytest.raises(RemoteSocketClosedError):
        await far.send(b"too late")


async def test_closed_socket_still_receives_what_was_sent(pod: Pod) -> None:
    async with pod.running() as url:
        far = await PodSocket.open(url, [])
        await far.close()

        assert await far.receive() == b"welcome"


async def test_refused_socket_error_has_status_and_no_credentials(pod: Pod) -> None:
    pod.refuses = True
    async with pod.running() as url:
        with pytest.raises(NotOpenedError, match=r"^status 401$"):
            await PodSocket.open(url, [(b"cookie", b"JSESSIONID=secret")])


async def test_a_header_that_cannot_be_sent_is_not_told(pod: Pod) -> None:
    async with pod.running() as url:
        with pytest.raises(NotOpenedError) as refusal:
            await PodSocket.open(url, [(b"cookie", b"JSESSIONID=secret\x01")])

    assert "secret" not in str(refusal.value)


async def test_a_pod_that_is_gone_is_not_there() -> None:
    async with Pod().running() as url:
        pass

    with pytest.raises(NotOpenedError, match="ConnectionRefusedError"):
        await PodSocket.open(url, [])


async def test_a_pod_that_reads_nothing_keeps_nobody_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pod_socket, "_CLOSE_TIMEOUT", 0.05)
    frozen = asyncio.Event()

    async def freeze(connection: ServerConnection) -> None:
        connection.transport.pause_reading()
        frozen.set()
        await connection.wait_closed()

    async with serve(freeze, "127.0.0.1", 0) as server:
        far = await PodSocket.open(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}", [])
        await frozen.wait()
        sending = asyncio.create_task(far.send(b"x" * 64 * 1024 * 1024))

        await far.close()

        with pytest.raises(RemoteSocketClosedError):
            await sending
        server.close(close_connections=False)
        for connection in list(server.connections):
            connection.transport.abort()
