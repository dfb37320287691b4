"""Limits on the number of connections: some are refused, and idle ones end."""

import asyncio
from functools import partial
from typing import Any

from shared.bayeux.transports.http.http_connection import HttpConnection
from shared.bayeux.transports.websocket_connection import SocketConnection
from shared.http.answer import Answer
from shared.peers.open_connections import ConnectionLimits, OpenConnections
from tests.unit.bayeux.connection_harness import POLL, UPGRADE, FakeServer
from tests.unit.bayeux.fake_transport import FakeTransport, run_due_callbacks, uvicorn_arguments


class LimitedListener:
    """Connections of one listener, over transports in memory that share an address."""

    def __init__(self, **limits: Any) -> None:
        wanted = {"most": 100, "per_peer": 100, "per_minute": 100, "patience": 0.0} | limits
        self.table = OpenConnections(ConnectionLimits(**wanted), asyncio.get_running_loop().time)
        self.server = FakeServer()

    def connect(self) -> tuple[HttpConnection, FakeTransport]:
        sockets = partial(SocketConnection, bayeux=self, connections=self.table)
        made = HttpConnection(
            bayeux=self.server,
            connections=self.table,
            **uvicorn_arguments(self._application, ws=sockets),
        )
        transport = FakeTransport()
        made.connection_made(transport)
        return made, transport

    def serves(self, path: str) -> bool:
        return self.server.serves(path)

    async def admit_socket(self, connection: SocketConnection, scope: Any) -> None:
        del scope
        await connection.refuse(Answer(403))

    async def _application(self, _scope: Any, _receive: Any, _send: Any) -> None:
        raise AssertionError("no request of these tests is for the application")


async def test_half_open_head_ends_for_a_new_connection() -> None:
    listener = LimitedListener(per_peer=1)
    old, old_transport = listener.connect()
    old.data_received(b"POST /cometd HTTP/1.1\r\nHost: he")

    _, transport = listener.connect()

    assert old_transport.is_aborted
    assert not transport.is_closed
    assert len(listener.table) == 1


async def test_held_poll_stays_whatever_its_peer_opens() -> None:
    listener = LimitedListener(per_peer=1)
    held, transport = listener.connect()
    held.data_received(POLL)
    await run_due_callbacks()

    for _ in range(20):
        listener.connect()

    assert not transport.is_closed
    held.answer(Answer(200, b"news"))
    assert "news" in transport.take()


async def test_answered_connection_that_is_kept_may_end() -> None:
    listener = LimitedListener(per_peer=1)
    idle, transport = listener.connect()
    idle.data_received(POLL)
    await run_due_callbacks()
    idle.answer(Answer(200))

    listener.connect()

    assert transport.is_aborted


async def test_too_many_in_a_minute_are_told_so_and_closed() -> None:
    listener = LimitedListener(per_minute=1)
    listener.connect()

    surplus, transport = listener.connect()

    told = transport.take()
    assert told.startswith("HTTP/1.1 429 ")
    assert "retry-after: 1" in told
    assert transport.is_closed
    assert transport.protocol not in (None, surplus)  # what still comes is not read
    assert len(listener.table) == 1


async def test_full_listener_of_busy_clients_refuses_with_503() -> None:
    listener = LimitedListener(most=1)
    held, _ = listener.connect()
    held.data_received(POLL)
    await run_due_callbacks()

    _, transport = listener.connect()

    assert transport.take().startswith("HTTP/1.1 503 ")


async def test_websocket_counts_until_its_own_end() -> None:
    listener = LimitedListener()
    connection, transport = listener.connect()

    connection.data_received(UPGRADE)
    socket = transport.get_protocol()

    assert isinstance(socket, SocketConnection)
    assert len(listener.table) == 1
    socket.connection_lost(None)
    assert len(listener.table) == 0


async def test_connection_that_ended_counts_no_more() -> None:
    listener = LimitedListener()
    connection, _ = listener.connect()

    connection.connection_lost(None)

    assert len(listener.table) == 0
